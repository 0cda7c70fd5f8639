cimport cython


@cython.locals(states=Py_ssize_t, slots=Py_ssize_t, s=Py_ssize_t, i=Py_ssize_t, entry=cython.uint,
               flags=cython.uint, base="unsigned int[::1]", default="unsigned int[::1]",
               following="unsigned int[::1]", check="unsigned int[::1]", strange=cython.uint,
               band=cython.uint, mask=cython.uint)
cpdef verify(object tables)


@cython.locals(s=Py_ssize_t, at=Py_ssize_t, count=Py_ssize_t, base="unsigned int[::1]",
               default="unsigned int[::1]", differential=cython.uint, end=Py_ssize_t)
cdef _verify_chains(object tables)


@cython.locals(at=cython.uint, slot=cython.uint, entry=cython.uint)
cdef unsigned int _step(unsigned int[::1] base, unsigned int[::1] default, unsigned int[::1] following,
                        unsigned int[::1] check, unsigned int state, int symbol) noexcept nogil


@cython.locals(i=Py_ssize_t, base="unsigned int[::1]", default="unsigned int[::1]",
               following="unsigned int[::1]", check="unsigned int[::1]", classes=bytes, symbol=cython.int, now=cython.uint)
cpdef object walk(object tables, Py_ssize_t state, bytes data)


@cython.locals(i=Py_ssize_t, n=Py_ssize_t, at=Py_ssize_t, high=Py_ssize_t, count=Py_ssize_t,
               base="unsigned int[::1]", default="unsigned int[::1]", following="unsigned int[::1]",
               check="unsigned int[::1]", classes=bytes, symbol=cython.int, now=cython.uint,
               reached="unsigned int[::1]")
cpdef object walk_many(object tables, Py_ssize_t state, bytes data, object offsets)


@cython.locals(entry=cython.uint)
cpdef object step_out_of_band(object tables, Py_ssize_t state)
