"""Items, cartons, and where an item lies. Lengths in millimetres, weights in grams."""

from msgspec import Struct

Size = tuple[int, int, int]


class Item(Struct, frozen=True):
    """One piece to be packed. `size` is length, width, height; `upright`: only turned about its vertical axis.

    `fragile`: bears nothing but other fragile items that are no heavier than itself. `hazard_class`: items of
    different classes (or of a class and none) never share a carton.
    """

    id: str
    size: Size
    weight: int
    upright: bool = False
    fragile: bool = False
    hazard_class: str | None = None

    @property
    def volume(self) -> int:
        """Cubic millimetres."""
        length, width, height = self.size
        return length * width * height


class CartonType(Struct, frozen=True):
    """A carton that is in stock: inner size, and the weight of contents that it holds."""

    id: str
    size: Size
    max_weight: int

    @property
    def volume(self) -> int:
        """Cubic millimetres."""
        length, width, height = self.size
        return length * width * height


class Placement(Struct, frozen=True):
    """Where an item lies: its lowest corner, and its size as turned."""

    item: str
    corner: Size
    size: Size


class Carton(Struct, frozen=True):
    """One carton of the order and its contents, in an order in which they can be put in: from below."""

    type: str
    contents: tuple[Placement, ...]
    weight: int


class Oversize(Struct, frozen=True):
    """An item that no carton holds: it ships as it is."""

    item: str
    reason: str


class Packing(Struct, frozen=True):
    """The cartons, and what ships in its own packaging. `void` is the empty volume in all cartons."""

    cartons: tuple[Carton, ...]
    own_carton: tuple[Oversize, ...]
    void: int
