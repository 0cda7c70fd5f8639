cimport cython

from dockarmor.automata.alphabet cimport Alphabet
from dockarmor.automata.items cimport Items
from dockarmor.automata.prune cimport Prune
from dockarmor.automata.trie cimport Trie
from dockarmor.automata.vectors cimport VectorSet, grown, numbers, sort_distinct

cdef Py_ssize_t LONG
cdef unsigned int[::1] _NOTHING


@cython.final
cdef class Subset:
    cdef public Items items
    cdef public Alphabet alphabet
    cdef object limits, resolve
    cdef Prune prune
    cdef list accepts
    cdef Py_ssize_t width, limit_states, limit_items, limit_transitions
    # states: [value number] + sorted items; unions: sorted closure numbers
    cdef public VectorSet states, unions
    cdef public VectorSet additions
    cdef VectorSet accept_sets
    cdef int[::1] of_closure, of_union, of_addition
    cdef list set_values
    cdef public list values
    cdef dict value_numbers
    # the automaton so far
    cdef list stores
    cdef unsigned int[::1] defaults, offsets, columns, targets, state_values
    cdef Py_ssize_t used
    # scratch of one state: a linked list of closures per touched class and per cofinite charset
    cdef int[::1] head, touched, is_touched, link_next, link_closure
    cdef int[::1] wide, wide_head, wide_slot
    cdef public Py_ssize_t links, touches, wides, wide_links, union
    cdef int[::1] raw, added, mark, live, ended
    cdef Py_ssize_t epoch, live_count, ended_count

    @cython.locals(state=Py_ssize_t)
    cpdef list run(self, list roots)

    @cython.locals(states=Py_ssize_t)
    cpdef list release(self)

    cdef void _look_away(self) except *

    cdef void _room(self, Py_ssize_t states, Py_ssize_t transitions) except *

    @cython.locals(count=Py_ssize_t, root=Py_ssize_t)
    cdef Py_ssize_t _start(self, list roots) except -1

    @cython.locals(union=Py_ssize_t, room=Py_ssize_t, column=cython.int, default=cython.int, target=cython.int, last=Py_ssize_t, i=Py_ssize_t, t=Py_ssize_t)
    cdef void _expand(self, Py_ssize_t state) except *

    @cython.locals(i=Py_ssize_t, edge=Py_ssize_t, item=Py_ssize_t, low=Py_ssize_t, high=Py_ssize_t,
                   charset=Py_ssize_t, closure=cython.int, n=Py_ssize_t, column=cython.int, link=cython.int,
                   item_offsets=cython.int[::1], item_charsets=cython.int[::1],
                   item_targets=cython.int[::1], pool=cython.int[::1], listed=cython.int[::1],
                   listed_offsets=cython.int[::1])
    cdef void _gather(self, Py_ssize_t state) except *

    @cython.locals(slot=Py_ssize_t, n=Py_ssize_t, column=cython.int)
    cdef Py_ssize_t _widen(self, Py_ssize_t charset) except -1

    @cython.locals(count=Py_ssize_t, link=Py_ssize_t, slot=Py_ssize_t)
    cdef Py_ssize_t _collect(self, Py_ssize_t column) noexcept

    @cython.locals(slot=Py_ssize_t, left=cython.int, right=cython.int, row=Py_ssize_t)
    cdef bint _alike(self, Py_ssize_t column, Py_ssize_t other) noexcept

    @cython.locals(left=Py_ssize_t)
    cdef bint _adds(self, Py_ssize_t column) noexcept

    @cython.locals(count=Py_ssize_t, link=Py_ssize_t, known=Py_ssize_t, addition=Py_ssize_t, found=Py_ssize_t)
    cdef Py_ssize_t _addition(self, Py_ssize_t union, Py_ssize_t column) except -1

    @cython.locals(union=Py_ssize_t, known=Py_ssize_t, found=Py_ssize_t)
    cdef Py_ssize_t _target(self, Py_ssize_t count) except -1

    @cython.locals(sinks=Py_ssize_t, number=Py_ssize_t, found=Py_ssize_t, item=cython.int, i=Py_ssize_t, j=Py_ssize_t, closure=Py_ssize_t,
                   live=Py_ssize_t, ended=Py_ssize_t, epoch=cython.int, accepts=Py_ssize_t,
                   pool=cython.int[::1], offsets=cython.int[::1], mark=cython.int[::1], alive=cython.int[::1],
                   pruning=cython.bint)
    cdef Py_ssize_t _state(self, Py_ssize_t count) except -1

    @cython.locals(number=Py_ssize_t, before=Py_ssize_t)
    cdef Py_ssize_t _value(self) except -1

