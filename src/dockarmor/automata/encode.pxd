cimport cython

from dockarmor.automata.vectors cimport grown, numbers


@cython.locals(states=Py_ssize_t, width=Py_ssize_t, s=Py_ssize_t, i=Py_ssize_t, c=Py_ssize_t,
               default=cython.int, defaults="unsigned int[::1]", offsets="unsigned int[::1]",
               columns="unsigned int[::1]", targets="unsigned int[::1]", rows=cython.int[::1])
cpdef int[::1] full_rows(object dfa, Py_ssize_t limit)


cdef class Encoder:
    cdef public Py_ssize_t states, width, symbols, used, chain
    cdef public bytes column_of
    cdef int[::1] rows, weight, count, lists, list_start
    cdef int[::1] parent, length, recent, recent_count, candidates
    cdef int[::1] common
    cdef object band
    cdef public int[::1] default, relative, offsets, entries, targets

    @cython.locals(b=Py_ssize_t, c=Py_ssize_t, fill=Py_ssize_t)
    cdef void _weigh(self) except *

    @cython.locals(s=Py_ssize_t, c=Py_ssize_t, target=cython.int, rows=cython.int[::1], parent=cython.int[::1])
    cdef void _parents(self) except *

    @cython.locals(s=Py_ssize_t)
    cpdef void run(self, bint differential) except *

    @cython.locals(c=Py_ssize_t, row=Py_ssize_t, best=cython.int, target=cython.int, most=cython.int,
                   rows=cython.int[::1], weight=cython.int[::1], count=cython.int[::1])
    cdef int _majority(self, Py_ssize_t s) except -1

    @cython.locals(n=Py_ssize_t, i=Py_ssize_t, c=Py_ssize_t, candidate=cython.int, cost=cython.int,
                   best=cython.int, least=cython.int, row=Py_ssize_t, other=Py_ssize_t, last=cython.int,
                   rows=cython.int[::1], weight=cython.int[::1])
    cdef int _relative(self, Py_ssize_t s, int plain, int entries) except -2

    @cython.locals(n=Py_ssize_t, up=cython.int, i=Py_ssize_t, hops=Py_ssize_t)
    cdef Py_ssize_t _candidates(self, Py_ssize_t s, int plain) noexcept

    @cython.locals(c=Py_ssize_t, j=Py_ssize_t, x=Py_ssize_t, row=Py_ssize_t, other=Py_ssize_t, target=cython.int,
                   symbol=cython.int, low=Py_ssize_t, rows=cython.int[::1])
    cdef void _emit(self, Py_ssize_t s, int plain, int relative) except *
