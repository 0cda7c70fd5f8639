cimport cython

from dockarmor.automata.trie cimport Trie
from dockarmor.automata.vectors cimport VectorSet, grown, numbers, sort_distinct

cdef Py_ssize_t SMALL


@cython.final
cdef class Items:
    cdef public Py_ssize_t accepts, count, words, limit
    cdef public int[::1] offsets, charsets, targets, loop
    cdef public VectorSet closures
    cdef public unsigned long long[::1] reach
    cdef public int[::1] sink
    cdef VectorSet signatures
    cdef public int[::1] closure
    cdef int[::1] buffer, signature
    cdef Py_ssize_t used

    @cython.locals(i=Py_ssize_t, node=Py_ssize_t)
    cdef void _eliminate(self, Trie trie) except *

    @cython.locals(jump=Py_ssize_t, target=Py_ssize_t, count=Py_ssize_t, i=Py_ssize_t, low=Py_ssize_t,
                   high=Py_ssize_t)
    cdef Py_ssize_t _jumps(self, Trie trie, Py_ssize_t node) except -1

    @cython.locals(edge=Py_ssize_t, target=Py_ssize_t, count=Py_ssize_t, i=Py_ssize_t, charset=Py_ssize_t)
    cdef Py_ssize_t _sign(self, Trie trie, Py_ssize_t node) except -1

    @cython.locals(i=Py_ssize_t, count=Py_ssize_t)
    cdef Py_ssize_t _sort_signature(self, Py_ssize_t length) except -1

    @cython.locals(jumps=Py_ssize_t, beyond=Py_ssize_t, length=Py_ssize_t, item=Py_ssize_t, own=Py_ssize_t)
    cdef Py_ssize_t _close(self, Trie trie, Py_ssize_t node) except -1

    @cython.locals(i=Py_ssize_t)
    cdef void _keep(self, Py_ssize_t item, Py_ssize_t own, Py_ssize_t length) except *

    cdef void _room(self, Py_ssize_t need) except *

    @cython.locals(bit=cython.ulonglong, words=Py_ssize_t, item=Py_ssize_t, edge=Py_ssize_t, first=Py_ssize_t,
                   i=Py_ssize_t, w=Py_ssize_t, other=Py_ssize_t, target=Py_ssize_t,
                   memo=cython.ulonglong[::1], known=bytearray, only_null=cython.bint, through_null=bytearray)
    cpdef void annotate(self, bytearray null, bytearray sinking) except *

    @cython.locals(found=Py_ssize_t, i=Py_ssize_t, other=Py_ssize_t)
    cdef Py_ssize_t _only_accept(self, Py_ssize_t item, Py_ssize_t closure, bytearray through_null) except -2
