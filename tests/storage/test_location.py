"""Where the records are, and who else may be at them."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.core.errors import ConfigError
from app.settings.machinery import Storage
from app.storage.location import database_url, is_sole, location, spool_folder

SERVER = "postgresql://guard@db/records"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_server_is_reached_by_the_driver_we_have(scheme: str) -> None:
    assert database_url(f"{scheme}://guard@db/records").drivername == "postgresql+psycopg"


def test_a_password_of_any_characters_gets_into_the_url_and_out_again() -> None:
    password = "a/b@c:d%e 密"
    found = database_url(location(Storage(url=SERVER, password=SecretStr(password))))
    assert (found.password, found.host, found.database) == (password, "db", "records")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        pytest.param("sqlite:///var/x.db", "has no password", id="of a file"),
        pytest.param("postgresql://guard:other@db/records", "has a password already", id="twice"),
    ],
)
def test_a_password_that_belongs_nowhere_is_refused(url: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as error:
        location(Storage(url=url, password=SecretStr("hidden")))
    assert "hidden" not in str(error.value)


@pytest.mark.parametrize(
    ("storage", "sole"),
    [
        pytest.param(Storage(), True, id="a file has one process"),
        pytest.param(Storage(url=SERVER), False, id="a server may have more"),
        pytest.param(Storage(url=SERVER, sole_process=True), True, id="unless somebody says it has not"),
        pytest.param(Storage(sole_process=False), False, id="or that a file has"),
    ],
)
def test_who_is_alone_at_the_records(storage: Storage, sole: bool) -> None:
    assert is_sole(storage) is sole


def test_two_files_of_records_in_one_folder_share_no_spool() -> None:
    """Whoever finds a dead process's messages brings them into his own records."""
    town, county = (spool_folder(Storage(url=f"sqlite:///var/{name}.db")) for name in ("town", "county"))
    assert (town, county) == (Path("var/town.db-spool"), Path("var/county.db-spool"))
    assert spool_folder(Storage(url=SERVER)) == Path("var/spool")
    assert spool_folder(Storage(url=SERVER, spool_dir=Path("/kept"))) == Path("/kept")
