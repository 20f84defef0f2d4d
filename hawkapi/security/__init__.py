"""Security: where credentials stand in a request, what a route asks for, and who may call it."""

from hawkapi.di.security import Security as Security
from hawkapi.di.security import SecurityDependency as SecurityDependency
from hawkapi.di.security import SecurityScopes as SecurityScopes
from hawkapi.security.api_key import APIKeyCookie as APIKeyCookie
from hawkapi.security.api_key import APIKeyHeader as APIKeyHeader
from hawkapi.security.api_key import APIKeyQuery as APIKeyQuery
from hawkapi.security.base import InsufficientScopeError as InsufficientScopeError
from hawkapi.security.base import InvalidTokenError as InvalidTokenError
from hawkapi.security.base import MissingCredentialError as MissingCredentialError
from hawkapi.security.base import SecurityScheme as SecurityScheme
from hawkapi.security.comparison import same_secret as same_secret
from hawkapi.security.comparison import secret_among as secret_among
from hawkapi.security.http import HTTPAuthorizationCredentials as HTTPAuthorizationCredentials
from hawkapi.security.http import HTTPBasic as HTTPBasic
from hawkapi.security.http import HTTPBasicCredentials as HTTPBasicCredentials
from hawkapi.security.http import HTTPBearer as HTTPBearer
from hawkapi.security.http import HTTPBearerCredentials as HTTPBearerCredentials
from hawkapi.security.http import HTTPDigest as HTTPDigest
from hawkapi.security.oauth2 import OAuth2 as OAuth2
from hawkapi.security.oauth2 import OAuth2AuthorizationCodeBearer as OAuth2AuthorizationCodeBearer
from hawkapi.security.oauth2 import OAuth2ClientCredentials as OAuth2ClientCredentials
from hawkapi.security.oauth2 import OAuth2PasswordBearer as OAuth2PasswordBearer
from hawkapi.security.openid import OpenIdConnect as OpenIdConnect
from hawkapi.security.password_form import OAuth2PasswordRequestForm as OAuth2PasswordRequestForm
from hawkapi.security.password_form import OAuth2PasswordRequestFormStrict as OAuth2PasswordRequestFormStrict
from hawkapi.security.permissions import PermissionPolicy as PermissionPolicy

__all__ = [
    "APIKeyCookie",
    "APIKeyHeader",
    "APIKeyQuery",
    "HTTPAuthorizationCredentials",
    "HTTPBasic",
    "HTTPBasicCredentials",
    "HTTPBearer",
    "HTTPBearerCredentials",
    "HTTPDigest",
    "InsufficientScopeError",
    "InvalidTokenError",
    "MissingCredentialError",
    "OAuth2",
    "OAuth2AuthorizationCodeBearer",
    "OAuth2ClientCredentials",
    "OAuth2PasswordBearer",
    "OAuth2PasswordRequestForm",
    "OAuth2PasswordRequestFormStrict",
    "OpenIdConnect",
    "PermissionPolicy",
    "Security",
    "SecurityDependency",
    "SecurityScheme",
    "SecurityScopes",
    "same_secret",
    "secret_among",
]
