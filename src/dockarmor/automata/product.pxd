cimport cython

from dockarmor.automata.vectors cimport grown, numbers


@cython.final
cdef class Product:
    cdef public bytes classes
    cdef public Py_ssize_t width, count
    cdef Py_ssize_t limit, left_width, right_width, mask, last, last_left, last_right
    cdef int[::1] left_rows, right_rows
    cdef int[::1] left_column, right_column
    cdef public object letters
    cdef object left_band, right_band
    cdef int[::1] table
    cdef public int[::1] left, right, parent, via

    @cython.locals(number=Py_ssize_t)
    cdef void _join(self, bytes left, bytes right) except *

    @cython.locals(found=Py_ssize_t)
    cpdef Py_ssize_t pair(self, Py_ssize_t left, Py_ssize_t right, Py_ssize_t parent, Py_ssize_t via) except -1

    @cython.locals(key=cython.ulonglong, mixer=cython.ulonglong, wrap=cython.ulonglong, place=Py_ssize_t,
                   found=Py_ssize_t)
    cdef Py_ssize_t _find(self, Py_ssize_t left, Py_ssize_t right, Py_ssize_t parent, Py_ssize_t via) except -1

    @cython.locals(key=cython.ulonglong, mixer=cython.ulonglong, wrap=cython.ulonglong, place=Py_ssize_t,
                   i=Py_ssize_t)
    cdef void _rehash(self) except *

    @cython.locals(i=Py_ssize_t, n=Py_ssize_t, lows="unsigned int[::1]", highs="unsigned int[::1]",
                   order=cython.int[::1], banded=cython.bint, comparing=cython.bint)
    cpdef Py_ssize_t search(self, object left_values, object right_values) except -2

    @cython.locals(i=Py_ssize_t, c=Py_ssize_t, used=Py_ssize_t, default=cython.int, other=Py_ssize_t,
                   defaults=cython.int[::1], offsets=cython.int[::1], columns=cython.int[::1],
                   targets=cython.int[::1], target=cython.int)
    cpdef tuple rows(self, Py_ssize_t first)

    cdef Py_ssize_t _step(self, Py_ssize_t i, Py_ssize_t c) except -1
