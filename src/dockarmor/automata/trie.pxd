cimport cython

cdef Py_ssize_t MAX_SEARCH


@cython.final
cdef class Trie:
    cdef public object limits
    cdef Py_ssize_t node_limit
    cdef public Py_ssize_t nodes, edges, jumps
    cdef public int[::1] loop, first_edge, first_jump
    cdef public int[::1] edge_charset, edge_target, edge_next
    cdef public int[::1] jump_target, jump_next
    cdef public list charsets, accepts
    cdef public dict charset_numbers, class_numbers, stars, groups, accept_numbers
    cdef public int[::1] literals

    @cython.locals(end=Py_ssize_t, index=Py_ssize_t)
    cpdef add(self, bytes pattern, object accept, Py_ssize_t root=*)

    @cython.locals(stop=Py_ssize_t, last=Py_ssize_t, join=Py_ssize_t)
    cdef Py_ssize_t _alternatives(self, bytes text, Py_ssize_t at, Py_ssize_t end, Py_ssize_t node,
                                  Py_ssize_t depth) except -1
    @cython.locals(byte=cython.uchar, close=Py_ssize_t, charset=Py_ssize_t)
    cdef Py_ssize_t _sequence(self, bytes text, Py_ssize_t at, Py_ssize_t end, Py_ssize_t node,
                              Py_ssize_t depth) except -1
    cdef Py_ssize_t _group(self, bytes text, Py_ssize_t at, Py_ssize_t close, Py_ssize_t node,
                           Py_ssize_t depth) except -1
    @cython.locals(byte=cython.uchar, depth=Py_ssize_t)
    cdef Py_ssize_t _bar(self, bytes text, Py_ssize_t at, Py_ssize_t end) except -1
    @cython.locals(byte=cython.uchar, depth=Py_ssize_t, at=Py_ssize_t)
    cdef Py_ssize_t _close(self, bytes text, Py_ssize_t start, Py_ssize_t end) except -1
    @cython.locals(at=Py_ssize_t)
    cdef Py_ssize_t _class_end(self, bytes text, Py_ssize_t start, Py_ssize_t end) except -1
    cdef Py_ssize_t _class(self, bytes text, Py_ssize_t at, Py_ssize_t close) except -1
    cdef Py_ssize_t _charset(self, object members) except -1
    cdef Py_ssize_t _literal(self, Py_ssize_t byte) except -1
    @cython.locals(number=Py_ssize_t)
    cdef Py_ssize_t _node(self) except -1
    @cython.locals(edge=Py_ssize_t, hops=Py_ssize_t, target=Py_ssize_t)
    cdef Py_ssize_t _child(self, Py_ssize_t node, Py_ssize_t charset) except -1
    @cython.locals(key=cython.longlong, target=Py_ssize_t)
    cdef Py_ssize_t _star(self, Py_ssize_t node, Py_ssize_t charset) except -1
    @cython.locals(jump=Py_ssize_t, hops=Py_ssize_t)
    cdef void _jump(self, Py_ssize_t node, Py_ssize_t target) except *
