"""Figures: one file each, with ``NEEDS``, ``CAPTION`` and ``draw(systems, **options) -> Figure``.

``systems`` is a list of ``{stage: Dataset}`` in the order of the config.  A figure opens no file
and computes no physics.  Shared parts are in :mod:`accumulation.plotting`.
"""
