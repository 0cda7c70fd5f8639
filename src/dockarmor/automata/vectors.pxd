cimport cython

cpdef int[::1] numbers(Py_ssize_t count)

@cython.locals(new=cython.int[::1])
cpdef int[::1] grown(int[::1] old, Py_ssize_t count)

@cython.locals(i=Py_ssize_t, target="unsigned int[::1]")
cpdef object chosen(unsigned int[::1] values, unsigned int[::1] places)

@cython.locals(i=Py_ssize_t, target="unsigned short[::1]")
cpdef object halved(unsigned int[::1] values)

@cython.locals(end=Py_ssize_t, gap=Py_ssize_t, i=Py_ssize_t, j=Py_ssize_t, value=cython.int)
cpdef Py_ssize_t sort_distinct(int[::1] values, Py_ssize_t start, Py_ssize_t count) noexcept


@cython.final
cdef class VectorSet:
    cdef object store
    cdef public int[::1] pool
    cdef public int[::1] offsets
    cdef public long long[::1] table
    cdef public Py_ssize_t mask
    cdef public Py_ssize_t count
    cdef public Py_ssize_t used

    @cython.locals(mixer=cython.ulonglong, word=cython.longlong, wrap=cython.ulonglong, hashed=cython.ulonglong,
                   entry=cython.longlong, i=Py_ssize_t, end=Py_ssize_t, signed=cython.longlong, place=Py_ssize_t, found=Py_ssize_t, offset=Py_ssize_t)
    cpdef Py_ssize_t intern(self, int[::1] values, Py_ssize_t start, Py_ssize_t length) except -1

    @cython.locals(number=Py_ssize_t, i=Py_ssize_t)
    cdef Py_ssize_t _add(self, int[::1] values, Py_ssize_t start, Py_ssize_t length, long long signed,
                         Py_ssize_t place) except -1

    @cython.locals(size=Py_ssize_t, i=Py_ssize_t, place=Py_ssize_t, entry=cython.longlong, old="long long[::1]")
    cdef void _rehash(self) except *

    @cython.locals(i=Py_ssize_t)
    cpdef list vector(self, Py_ssize_t number)
