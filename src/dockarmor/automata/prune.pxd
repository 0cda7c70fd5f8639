cimport cython

from dockarmor.automata.items cimport Items
from dockarmor.automata.vectors cimport VectorSet, numbers, sort_distinct


@cython.final
cdef class Prune:
    cdef Items items
    cdef list accepts
    cdef object covered
    cdef VectorSet sink_sets
    cdef int[::1] sinks
    cdef unsigned char[::1] kept
    cdef unsigned long long[::1] masks
    cdef Py_ssize_t sets, set
    cdef public Py_ssize_t live, ended

    @cython.locals(i=Py_ssize_t, n=Py_ssize_t, w=Py_ssize_t, words=Py_ssize_t, item=Py_ssize_t,
                   keep=cython.bint, bit=cython.ulonglong, first=Py_ssize_t, mask=Py_ssize_t,
                   kept="unsigned char[::1]", masks="unsigned long long[::1]")
    cpdef void apply(self, int[::1] live, Py_ssize_t live_count, int[::1] ended,
                     Py_ssize_t ended_count) except *

    @cython.locals(i=Py_ssize_t, n=Py_ssize_t, sinks=cython.int[::1])
    cdef void _choose(self, int[::1] live, Py_ssize_t live_count) except *
