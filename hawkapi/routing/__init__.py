"""Routes: what is registered, and how a request finds it."""

from hawkapi.routing.route import Route

__all__ = ["Route"]
