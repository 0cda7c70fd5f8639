cimport cython

from dockarmor.automata.encode cimport Encoder
from dockarmor.automata.vectors cimport VectorSet, numbers

cdef Py_ssize_t LONGEST


@cython.final
cdef class Comb:
    cdef Encoder rows
    cdef unsigned long long[::1] taken
    cdef Py_ssize_t words, full
    cdef int[::1] hint, order
    cdef VectorSet shapes
    cdef public int[::1] base
    cdef public Py_ssize_t highest

    @cython.locals(s=Py_ssize_t, n=Py_ssize_t, symbol=Py_ssize_t, missing=Py_ssize_t, tally=cython.int[::1],
                   by_symbol=cython.int[::1], offsets=cython.int[::1])
    cdef void _sort(self) except *

    @cython.locals(low=Py_ssize_t)
    cdef Py_ssize_t _first(self, Py_ssize_t s) noexcept

    @cython.locals(i=Py_ssize_t, s=Py_ssize_t, low=Py_ssize_t, high=Py_ssize_t, shape=Py_ssize_t,
                   place=Py_ssize_t, j=Py_ssize_t, word=Py_ssize_t, bit=cython.ulonglong, symbol=Py_ssize_t)
    cdef void _place(self) except *

    @cython.locals(ones=cython.ulonglong, found=cython.ulonglong, part=cython.ulonglong, j=Py_ssize_t,
                   slot=Py_ssize_t, shift=cython.int, one=cython.ulonglong, bit=Py_ssize_t,
                   entries=cython.int[::1], taken="unsigned long long[::1]")
    cdef Py_ssize_t _fit(self, Py_ssize_t low, Py_ssize_t high, Py_ssize_t word) except -1

    cdef void _room(self, Py_ssize_t words) except *


@cython.locals(s=Py_ssize_t, i=Py_ssize_t, size=Py_ssize_t, place=Py_ssize_t, states=Py_ssize_t,
               following="unsigned int[::1]", check="unsigned int[::1]", base="unsigned int[::1]",
               flag=cython.uint, band="unsigned int[::1]", banded=cython.bint)
cdef object _assemble(object dfa, Encoder rows, Comb comb, object classes)
