"""A real AppArmor kernel in a micro-VM."""
