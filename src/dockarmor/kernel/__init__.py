"""The kernel: a protocol and its implementations (embedded: this process; lab: a real one in a micro-VM)."""
