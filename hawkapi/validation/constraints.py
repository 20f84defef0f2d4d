"""The markers under the path that `hawkapi.validation` has always had for them."""

from hawkapi.params.markers import Body, Cookie, File, Form, Header, ParamMarker, Path, Query

__all__ = ["Body", "Cookie", "File", "Form", "Header", "ParamMarker", "Path", "Query"]
