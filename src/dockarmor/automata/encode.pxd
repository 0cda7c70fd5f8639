cimport cython

from dockarmor.automata.vectors cimport grown, numbers


@cython.locals(states=Py_ssize_t, width=Py_ssize_t, s=Py_ssize_t, i=Py_ssize_t, c=Py_ssize_t,
               default=cython.int, defaults="unsigned int[::1]", offsets="unsigned int[::1]",
               columns="unsigned int[::1]", targets="unsigned int[::1]", rows=cython.int[::1])
cpdef int[::1] full_rows(object dfa, Py_ssize_t limit)


@cython.final
cdef class Encoder:
    cdef public Py_ssize_t states, width, symbols, used, chain
    cdef unsigned int[::1] row_default, row_offsets, row_columns, row_targets
    cdef int[::1] weight, count, lists, list_start, mine, theirs
    cdef int[::1] parent, length, recent, recent_count, candidates
    cdef bint by_class
    cdef int most
    cdef object band
    cdef public int[::1] default, relative, offsets, entries, targets

    @cython.locals(b=Py_ssize_t, c=Py_ssize_t, fill=Py_ssize_t)
    cdef void _weigh(self, bytes classes) except *

    @cython.locals(s=Py_ssize_t, i=Py_ssize_t, low=Py_ssize_t, high=Py_ssize_t, band=Py_ssize_t, passed=Py_ssize_t,
                   lower=Py_ssize_t, weight=cython.int[::1], count=cython.int[::1], symbol=cython.int[::1], order=list)
    cpdef bytes spread(self)

    @cython.locals(s=Py_ssize_t, i=Py_ssize_t, low=Py_ssize_t, band=Py_ssize_t, x=Py_ssize_t, symbol=cython.int,
                   target=cython.int)
    cdef void _renumber(self, int[::1] number) except *

    @cython.locals(s=Py_ssize_t, i=Py_ssize_t, target=cython.int, parent=cython.int[::1])
    cdef void _parents(self) except *

    @cython.locals(s=Py_ssize_t, plain=cython.int, relative=cython.int)
    cpdef void run(self, bint differential) except *

    @cython.locals(i=Py_ssize_t, low=Py_ssize_t, high=Py_ssize_t, best=cython.int, target=cython.int,
                   most=cython.int)
    cdef int _majority(self, Py_ssize_t s) noexcept

    @cython.locals(n=Py_ssize_t, i=Py_ssize_t, candidate=cython.int, cost=cython.int, best=cython.int,
                   least=cython.int)
    cdef int _relative(self, Py_ssize_t s, int plain, int entries) noexcept

    @cython.locals(i=Py_ssize_t, i_end=Py_ssize_t, j=Py_ssize_t, j_end=Py_ssize_t, left=cython.uint,
                   right=cython.uint, cost=cython.int, rest=cython.int, column=Py_ssize_t, same=cython.bint)
    cdef int _distance(self, Py_ssize_t s, Py_ssize_t other, int least) noexcept

    @cython.locals(n=Py_ssize_t, up=cython.int, i=Py_ssize_t, hops=Py_ssize_t)
    cdef Py_ssize_t _candidates(self, Py_ssize_t s, int plain) noexcept

    @cython.locals(i=Py_ssize_t)
    cdef void _copy(self, Py_ssize_t s) noexcept

    @cython.locals(c=Py_ssize_t, i=Py_ssize_t)
    cdef void _fill(self, int[::1] row, Py_ssize_t s) noexcept

    @cython.locals(c=Py_ssize_t, j=Py_ssize_t, x=Py_ssize_t, target=cython.int, symbol=cython.int,
                   low=Py_ssize_t)
    cdef void _emit(self, Py_ssize_t s, int plain, int relative) noexcept

    @cython.locals(x=Py_ssize_t, low=Py_ssize_t)
    cdef void _insert_band(self, Py_ssize_t s) except *
