cimport cython

from dockarmor.automata.vectors cimport VectorSet, numbers


cdef class Partition:
    cdef public Py_ssize_t states, classes
    cdef public int[::1] of, size
    cdef unsigned int[::1] defaults, offsets, columns, targets
    cdef int[::1] before, before_offsets
    cdef int[::1] dirty, is_dirty, changed, slot_of
    cdef int[::1] slot_class, slot_round, slot_first, slot_new, slot_count
    cdef unsigned long long[::1] slot_hash
    cdef int[::1] dirty_count, best, best_count
    cdef Py_ssize_t round, mask, dirty_total

    @cython.locals(s=Py_ssize_t, number=Py_ssize_t, known=VectorSet, halves=cython.int[::1])
    cdef void _by_value(self, unsigned int[::1] values) except *

    @cython.locals(s=Py_ssize_t, i=Py_ssize_t, t=Py_ssize_t, fill=cython.int[::1])
    cdef void _invert(self) except *

    cpdef void refine(self) except *

    @cython.locals(s=Py_ssize_t, i=Py_ssize_t, place=Py_ssize_t, hashed=cython.ulonglong, own=cython.int)
    cdef void _sign_all(self) except *

    @cython.locals(i=Py_ssize_t, default=cython.int, target=cython.int, hashed=cython.ulonglong,
                   word=cython.ulonglong, first=cython.ulonglong, second=cython.ulonglong,
                   wrap=cython.ulonglong)
    cdef unsigned long long _hash(self, Py_ssize_t s) noexcept

    @cython.locals(i=Py_ssize_t, j=Py_ssize_t, i_end=Py_ssize_t, j_end=Py_ssize_t, default=cython.int)
    cdef bint _same(self, Py_ssize_t left, Py_ssize_t right) noexcept

    @cython.locals(i=Py_ssize_t, s=Py_ssize_t, place=Py_ssize_t, own=Py_ssize_t, count=Py_ssize_t)
    cdef Py_ssize_t _split(self) except -1

    @cython.locals(i=Py_ssize_t, j=Py_ssize_t, t=Py_ssize_t, s=Py_ssize_t)
    cdef void _mark(self, Py_ssize_t changes) except *


cdef class Quotient:
    cdef unsigned int[::1] defaults, offsets, columns, targets, values
    cdef int[::1] of
    cdef Py_ssize_t states
    cdef public int[::1] order, number, first
    cdef public Py_ssize_t count, used
    cdef public unsigned int[::1] new_defaults, new_offsets, new_columns, new_targets, new_values

    @cython.locals(s=Py_ssize_t)
    cdef void _find_first(self) except *

    @cython.locals(s=Py_ssize_t, i=Py_ssize_t, dead=Py_ssize_t)
    cpdef void visit_all(self, Py_ssize_t start) except *

    @cython.locals(known=Py_ssize_t)
    cdef int _visit(self, Py_ssize_t part) noexcept

    @cython.locals(i=Py_ssize_t, default=cython.int, target=cython.int)
    cdef void _row(self, Py_ssize_t new, Py_ssize_t old) except *


@cython.locals(i=Py_ssize_t, s=Py_ssize_t, column=Py_ssize_t, width=Py_ssize_t, used=Py_ssize_t,
               states=Py_ssize_t, columns="unsigned int[::1]", targets="unsigned int[::1]",
               offsets="unsigned int[::1]", keep=cython.int[::1], new_columns="unsigned int[::1]",
               new_targets="unsigned int[::1]", new_offsets="unsigned int[::1]", number=cython.int[::1])
cpdef object merge_columns(object dfa)

@cython.locals(i=Py_ssize_t, s=Py_ssize_t, column=Py_ssize_t, other=Py_ssize_t, wrap=cython.ulonglong,
               first=cython.ulonglong, second=cython.ulonglong, row=cython.ulonglong, word=cython.ulonglong,
               columns="unsigned int[::1]", targets="unsigned int[::1]", offsets="unsigned int[::1]",
               hashes="unsigned long long[::1]", counts=cython.int[::1], keep=cython.int[::1],
               row_of=cython.int[::1], target_of="unsigned int[::1]")
cdef object _alike(object dfa, Py_ssize_t width, Py_ssize_t states)
