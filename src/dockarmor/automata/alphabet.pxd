cimport cython


@cython.final
cdef class Alphabet:
    cdef public bytes classes
    cdef public Py_ssize_t width
    cdef public Py_ssize_t charsets
    cdef public int[::1] cofinite
    cdef public int[::1] offsets
    cdef public int[::1] listed
    cdef public unsigned char[::1] member

    @cython.locals(column=Py_ssize_t, i=Py_ssize_t, used=Py_ssize_t, width=Py_ssize_t, other=Py_ssize_t,
                   byte=Py_ssize_t, inside=cython.uchar, row=Py_ssize_t, bits=bytes, classes=bytes,
                   lowest=bytearray)
    cdef void _list(self, list charsets) except *


@cython.locals(classes=bytearray, order=bytearray, tally=cython.int[::1], size=cython.int[::1],
               moved=cython.int[::1], bits=bytes, byte=Py_ssize_t, number=Py_ssize_t, width=Py_ssize_t,
               before=Py_ssize_t)
cpdef bytes byte_classes(list charsets)


@cython.locals(order=cython.int[::1], result=bytearray, byte=Py_ssize_t, count=cython.int, number=Py_ssize_t)
cpdef bytes in_order(bytes classes)
