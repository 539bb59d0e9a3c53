"""A database URL: which file or server it names, and how to show it without its password."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from results_db.errors import BadAddress

DEFAULT_URL = "sqlite:///evonas.db"
ALLOWED = 'Allowed: "sqlite:///path/to/file.db" or "postgresql://user@host/database".'
_SECRETS = ("pass", "secret", "token", "sslkey")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is. `path` is the absolute path of an SQLite file, None for a server."""

    url: URL
    path: Path | None

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises BadAddress; the message never repeats a URL that may hold a password."""
        if "://" not in text:
            raise BadAddress(
                f"{text!r} is not a database URL. For a file, write {'sqlite:///' + text!r}."
            )
        scheme = text.partition("://")[0]
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            hint = "In a user name or password, write @ / : # in percent form (@ is %40)."
            raise BadAddress(
                f"the {scheme!r} database URL cannot be read. {ALLOWED} {hint}"
            ) from None
        match url.get_backend_name():
            case "sqlite":
                return cls._file(url)
            case "postgresql" | "postgres":
                if not url.database:
                    raise BadAddress(
                        f"the PostgreSQL URL {shown(url)!r} names no database. {ALLOWED}"
                    )
                return cls(url.set(drivername="postgresql+psycopg"), None)
        raise BadAddress(f"databases of the kind {scheme!r} are not supported. {ALLOWED}")

    @classmethod
    def _file(cls, url: URL) -> Address:
        if not url.database or url.database == ":memory:" or url.host:
            raise BadAddress(
                f"{shown(url)!r} names no file. {ALLOWED} (Four slashes begin an absolute path.)"
            )
        if url.query:
            raise BadAddress(
                f"options after ? are not supported for SQLite, given {shown(url)!r}. {ALLOWED}"
            )
        path = Path(url.database).expanduser().absolute()
        return cls(url.set(drivername="sqlite", database=str(path)), path)

    def __str__(self) -> str:
        """The address for messages: the file's path, or the URL without its password."""
        return str(self.path) if self.path else shown(self.url)

    def hide(self, message: str) -> str:
        """The message without the password, should a driver repeat it."""
        secrets = [self.url.password, *(v for k, v in self.url.query.items() if _secret(k))]
        for secret in secrets:
            if isinstance(secret, str) and secret:
                message = message.replace(secret, "***")
        return message


def _secret(option: str) -> bool:
    return any(word in option.lower() for word in _SECRETS)


def shown(url: URL) -> str:
    """The URL without a password, in the options too."""
    query = {key: "hidden" if _secret(key) else value for key, value in url.query.items()}
    return url.set(query=query, drivername=url.get_backend_name()).render_as_string(
        hide_password=True
    )
