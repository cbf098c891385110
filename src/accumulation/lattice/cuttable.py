"""The methods of a lattice that cut ribbons, wires and flakes out of it."""

from __future__ import annotations

from ..errors import UserError
from .cuts import UnitCell, cut
from .samples import Flake, Ribbon, Wire
from .slabs import Slab, cut_slab


class Cuttable:
    """What a lattice is cut into; a lattice has a unit cell."""

    @property
    def _unit_cell(self) -> UnitCell:
        raise NotImplementedError

    def ribbon(self, direction=(1, 0), width: int = 20, trim=(0, 0)) -> Ribbon:
        """Cut a ribbon along T = n a1 + m a2, ``width`` unit cells across.

        Parameters
        ----------
        direction : (n, m), coprime integers; (1, 0) zigzag, (1, 1) armchair, (2, 1) chiral on the
            honeycomb lattice
        width : number of unit cells across, at least 1
        trim : numbers of rows of atoms that are left out at the lower and at the upper edge: of a
            zigzag edge one leaves a bearded (Klein) edge

        Raises
        ------
        UserError
            For a direction that is not a coprime pair, a width below 1, too many rows to leave out,
            or a lattice in three dimensions.
        """
        cell = self._unit_cell
        if len(cell.crystal.vectors) != 2:
            raise UserError("geometry", "ribbon", "a wire, as this lattice has three dimensions")
        return Ribbon(**cut(cell, direction, {"width": width}, trim))

    def wire(self, direction=(1, 0), width: int = 8, height: int = 4) -> Wire:
        """Cut a wire along T = n a1 + m a2 out of a three-dimensional lattice.

        x runs along T, y across it in the plane of a1 and a2, and z along the normal of that plane
        on the side of a3.  The spin of the orbitals keeps the axis that the model gave it.

        Parameters
        ----------
        direction : (n, m), coprime integers
        width : number of unit cells across, at least 1
        height : number of unit cells along a3, at least 1

        Raises
        ------
        UserError
            For a direction that is not a coprime pair, a width or height below 1, or a lattice in
            two dimensions.
        """
        cell = self._unit_cell
        if len(cell.crystal.vectors) != 3:
            raise UserError("geometry", "wire", "a ribbon, as this lattice has two dimensions")
        return Wire(**cut(cell, direction, {"width": width, "height": height}))

    def slab(self, plane=(0, 0, 1), direction=(1, 0, 0), layers: int = 8, trim=(0, 0)) -> Slab:
        """Cut a slab, open along the normal of a lattice plane, out of a 3D lattice.

        x runs along ``direction``, y along the normal, z in the plane; L and S of the orbitals are
        those along these axes.

        Parameters
        ----------
        plane : Miller indices (h, k, l) with respect to the lattice vectors, coprime integers
        direction : (n1, n2, n3), coprime integers, the lattice vector along x, in the plane
        layers : cells along the normal, at least 1
        trim : atomic layers that are left out at the lower and at the upper surface

        Raises
        ------
        UserError
            For a lattice in two dimensions, indices of another kind, a direction out of the plane,
            or one over which the plane's other vector leans by no simple fraction.
        """
        return cut_slab(self._unit_cell, plane, direction, layers, trim)

    def flake(
        self,
        direction=(1, 0),
        width: int = 12,
        length: int = 24,
        height: int | None = None,
        trim=(0, 0),
    ) -> Flake:
        """Cut a finite flake: ``length`` cells of the ribbon or wire along ``direction``.

        Parameters
        ----------
        direction, width, trim : as in :meth:`ribbon`
        length : number of translational cells along x, at least 1
        height : number of unit cells along a3, for a three-dimensional lattice only

        Raises
        ------
        UserError
            As :meth:`ribbon` and :meth:`wire`, and for a length below 1.
        """
        if height is None:
            return self.ribbon(direction, width, trim).chain(length)
        return self.wire(direction, width, height).chain(length)
