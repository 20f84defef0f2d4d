"""Routes: what is registered, and how a request finds it."""

from hawkapi.routing.controllers import Controller
from hawkapi.routing.route import Route
from hawkapi.routing.router import Router
from hawkapi.routing.versioning import VersionRouter

__all__ = ["Controller", "Route", "Router", "VersionRouter"]
