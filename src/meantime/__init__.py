"""Meantime."""
