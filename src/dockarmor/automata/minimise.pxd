cimport cython

from dockarmor.automata.vectors cimport VectorSet, numbers

cdef Py_ssize_t SIZE, DIRTY, BEST, MOST, PART
cdef Py_ssize_t ROUND, OWN, HASH, FIRST, NEW, COUNT, SLOT, MANY


@cython.final
cdef class Partition:
    cdef public Py_ssize_t states, classes
    cdef public int[::1] of
    cdef unsigned int[::1] defaults, offsets, columns, targets
    cdef int[::1] before, before_offsets
    cdef int[::1] dirty, changed, slot_of
    cdef unsigned char[::1] is_dirty
    cdef int[::1] slots, parts
    cdef Py_ssize_t round, mask, dirty_total

    @cython.locals(s=Py_ssize_t, number=Py_ssize_t, known=VectorSet, halves=cython.int[::1])
    cdef void _by_value(self, unsigned int[::1] values) except *

    @cython.locals(s=Py_ssize_t, i=Py_ssize_t, t=Py_ssize_t, fill=cython.int[::1])
    cdef void _invert(self) except *

    cpdef void refine(self) except *

    @cython.locals(s=Py_ssize_t, i=Py_ssize_t, place=Py_ssize_t, hashed=cython.ulonglong, own=cython.int,
                   trace=cython.int, last=Py_ssize_t, part=Py_ssize_t, slots=cython.int[::1], parts=cython.int[::1])
    cdef void _sign_all(self) except *

    @cython.locals(i=Py_ssize_t, default=cython.int, target=cython.int, hashed=cython.ulonglong,
                   word=cython.ulonglong, first=cython.ulonglong, second=cython.ulonglong,
                   wrap=cython.ulonglong)
    cdef unsigned long long _hash(self, Py_ssize_t s) noexcept

    @cython.locals(i=Py_ssize_t, j=Py_ssize_t, i_end=Py_ssize_t, j_end=Py_ssize_t, default=cython.int)
    cdef bint _same(self, Py_ssize_t left, Py_ssize_t right) noexcept

    @cython.locals(i=Py_ssize_t, place=Py_ssize_t, own=cython.int, new=cython.int, part=Py_ssize_t,
                   count=Py_ssize_t, slots=cython.int[::1], parts=cython.int[::1])
    cdef Py_ssize_t _split(self) except -1

    @cython.locals(i=Py_ssize_t, j=Py_ssize_t, t=Py_ssize_t, s=Py_ssize_t, total=Py_ssize_t)
    cdef void _mark(self, Py_ssize_t changes) except *
