cimport cython


@cython.locals(states=Py_ssize_t, symbols=Py_ssize_t, s=Py_ssize_t, c=Py_ssize_t, i=Py_ssize_t, at=Py_ssize_t,
               depth=Py_ssize_t, row=Py_ssize_t, parent=Py_ssize_t, slot=Py_ssize_t, entry=cython.uint,
               base="unsigned int[::1]", default="unsigned int[::1]", following="unsigned int[::1]",
               check="unsigned int[::1]", rows="unsigned int[::1]", stack=cython.int[::1], done=bytearray)
cpdef object comb_rows(object tables, Py_ssize_t symbols)


@cython.locals(s=Py_ssize_t, c=Py_ssize_t, used=Py_ssize_t, states=Py_ssize_t, other=Py_ssize_t,
               place=Py_ssize_t, target=cython.uint, rows="unsigned int[::1]", first=cython.int[::1],
               defaults="unsigned int[::1]", offsets="unsigned int[::1]", columns="unsigned int[::1]",
               targets="unsigned int[::1]")
cpdef object sparse(object full, Py_ssize_t symbols, bytes symbol_of, object values, object band)


@cython.locals(rows="unsigned int[::1]", first=cython.int[::1], finer=cython.int[::1], start=Py_ssize_t, s=Py_ssize_t,
               c=Py_ssize_t, other=Py_ssize_t, split=cython.bint)
cpdef bytes equal_columns(object full, Py_ssize_t symbols)
