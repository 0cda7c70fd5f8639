cimport cython

from dockarmor.automata.vectors cimport numbers


@cython.final
cdef class Quotient:
    cdef int[::1] of
    cdef bytes classes
    cdef Py_ssize_t width
    # a row per part
    cdef int[::1] defaults, offsets, columns, targets
    cdef unsigned int[::1] values
    # parts in the order of a visit, and the place of each there
    cdef int[::1] order, number
    cdef Py_ssize_t count, used
    cdef int[::1] new_defaults, new_offsets, new_columns, new_targets
    cdef unsigned int[::1] new_values

    @cython.locals(s=Py_ssize_t, part=cython.int, count=cython.int, first=cython.int[::1], renamed=cython.int[::1])
    cdef int[::1] _number(self, Py_ssize_t parts)

    @cython.locals(part=Py_ssize_t, s=Py_ssize_t, i=Py_ssize_t, used=Py_ssize_t, default=cython.int,
                   target=cython.int, of=cython.int[::1], defaults="unsigned int[::1]",
                   offsets="unsigned int[::1]", columns="unsigned int[::1]", targets="unsigned int[::1]",
                   values="unsigned int[::1]")
    cdef void _make(self, object dfa, int[::1] first) except *

    cpdef object reachable(self, Py_ssize_t start)

    @cython.locals(s=Py_ssize_t)
    cdef void _visit_all(self, int start) noexcept

    @cython.locals(known=cython.int)
    cdef int _visit(self, int part) noexcept

    @cython.locals(i=Py_ssize_t, used=Py_ssize_t)
    cdef void _row(self, Py_ssize_t new, Py_ssize_t part) noexcept

    @cython.locals(i=Py_ssize_t, s=Py_ssize_t, column=Py_ssize_t, wrap=cython.ulonglong, first=cython.ulonglong,
                   second=cython.ulonglong, row=cython.ulonglong, word=cython.ulonglong,
                   hashes="unsigned long long[::1]", counts=cython.int[::1], keep=cython.int[::1])
    cdef object _alike(self)

    @cython.locals(i=Py_ssize_t, s=Py_ssize_t, column=Py_ssize_t, other=Py_ssize_t, row_of=cython.int[::1],
                   target_of=cython.int[::1])
    cdef void _compare(self, int[::1] keep) except *

    @cython.locals(i=Py_ssize_t, s=Py_ssize_t, end=Py_ssize_t, column=Py_ssize_t, used=Py_ssize_t,
                   number=cython.int[::1])
    cdef bytes _merge(self, int[::1] keep)
