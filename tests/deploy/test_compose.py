"""The compose files: who reaches whom, who may what, and names of settings that exist."""

import base64
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app import __version__
from app.settings.channels import WeChatChannel
from tests.deploy.programs import ROOT, yaml_of
from tests.deploy.settings_named import SECRETS, grace_needed, load, require_settings

SEVERAL: Any = yaml_of(ROOT / "docker-compose.yml")[0]
SINGLE: Any = yaml_of(ROOT / "docker-compose.single.yml")[0]
FILES = {"several": SEVERAL, "single": SINGLE}
SERVICES = [
    pytest.param(file, name, service, id=f"{file} {name}")
    for file, whole in FILES.items()
    for name, service in whole["services"].items()
]


def secrets_of(service: Mapping[str, Any]) -> set[str]:
    return {one if isinstance(one, str) else one["source"] for one in service.get("secrets", ())}


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


@pytest.mark.parametrize(("file", "name", "service"), SERVICES)
def test_every_container_is_closed(file: str, name: str, service: Mapping[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service["user"].startswith(("0", "root"))
    assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"])
    assert service["restart"] == ("no" if name == "upgrade" else "unless-stopped")


@pytest.mark.parametrize(("file", "name", "service"), SERVICES)
def test_every_secret_is_a_file_and_none_a_variable(file: str, name: str, service: Mapping[str, Any]) -> None:
    assert secrets_of(service) <= set(FILES[file]["secrets"])
    for variable, text in service.get("environment", {}).items():
        if re.search("PASSWORD|SECRET|TOKEN|KEY", variable):
            assert text.startswith("/run/secrets"), variable


@pytest.mark.parametrize("file", FILES)
def test_every_secret_is_used_and_lies_in_one_folder(file: str) -> None:
    whole = FILES[file]
    assert set.union(*(secrets_of(one) for one in whole["services"].values())) == set(whole["secrets"])
    assert all(secret["file"] == f"./secrets/{name}" for name, secret in whole["secrets"].items())


def test_only_the_balancer_is_reached_and_only_the_guard_gets_out() -> None:
    networks, services = SEVERAL["networks"], SEVERAL["services"]
    open_ones = {name for name, network in networks.items() if not network.get("internal")}
    assert {name for name, one in services.items() if "ports" in one} == {"balancer"}
    reaching_out = {name: open_ones & set(one["networks"]) for name, one in services.items()}
    assert {name: nets for name, nets in reaching_out.items() if nets} == {
        "balancer": {"front"},
        "shenyan": {"out"},
    }
    assert {name for name, one in services.items() if "back" in one["networks"]} == {
        "shenyan",
        "upgrade",
        "records",
        "coordination",
    }


def test_there_are_replicas_and_nobody_starts_before_what_it_needs() -> None:
    services = SEVERAL["services"]
    assert services["shenyan"]["deploy"]["replicas"] >= 2
    assert set(services["shenyan"]["depends_on"]) == {"records", "coordination"}
    for service in services.values():
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in services[needed] or needed == "shenyan", "its image has one"


@pytest.mark.parametrize("file", FILES)
def test_a_guard_is_given_time_to_drain(file: str) -> None:
    assert seconds(FILES[file]["services"]["shenyan"]["stop_grace_period"]) > grace_needed()


@pytest.mark.parametrize("file", FILES)
def test_the_image_is_of_this_version(file: str) -> None:
    assert f":-shenyan:{__version__}}}" in FILES[file]["services"]["shenyan"]["image"]


@pytest.mark.parametrize("file", FILES)
def test_the_guard_starts_from_the_sample_with_these_names(file: str, sample: Path, tmp_path: Path) -> None:
    service = FILES[file]["services"]["shenyan"]
    named = {name for name in service["environment"] if name.startswith("SHENYAN_") and "__" in name}
    require_settings({*named, *secrets_of(service)})
    settings = load(
        sample,
        {name: service["environment"][name] for name in named},
        {name: SECRETS[name] for name in secrets_of(service)},
        tmp_path,
    )
    assert set(settings.channels) == {"hall"}
    assert settings.storage.url == service["environment"].get("SHENYAN_STORAGE__URL", settings.storage.url)
    hall = settings.channels["hall"]
    assert isinstance(hall, WeChatChannel)
    assert hall.token.get_secret_value() == SECRETS["channels__hall__token"]


def test_who_is_believed_and_who_reads_figures_are_the_networks_of_the_file() -> None:
    told = SEVERAL["services"]["shenyan"]["environment"]
    subnet = {name: SEVERAL["networks"][name]["ipam"]["config"][0]["subnet"] for name in ("door", "watch")}
    assert told["FORWARDED_ALLOW_IPS"] == subnet["door"]
    assert subnet["watch"] in told["SHENYAN_MONITORING__METRICS_FROM"].split(",")
    (only,) = SINGLE["networks"]["only"]["ipam"]["config"]
    assert SINGLE["services"]["shenyan"]["environment"]["FORWARDED_ALLOW_IPS"] == only["gateway"]


def test_the_balancer_meets_the_guard_where_its_address_is_believed() -> None:
    config = (ROOT / "deploy" / "haproxy" / "haproxy.cfg").read_text("utf-8")
    (asked,) = re.findall(r"server-template guard \d+ ([\w.]+):8900", config)
    networks = SEVERAL["services"]["shenyan"]["networks"]
    assert [name for name, one in networks.items() if asked in one.get("aliases", ())] == ["door"]


def test_mounted_files_are_there() -> None:
    for whole in FILES.values():
        for service in whole["services"].values():
            for volume in service.get("volumes", ()):
                source = volume.split(":")[0]
                if source.startswith("./deploy"):
                    assert (ROOT / source).exists()


def test_the_secrets_script_makes_what_is_random_and_names_what_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    command = ["sh", str(ROOT / "deploy" / "secrets.sh"), str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    made = {file.name: file.read_text() for file in folder.iterdir()}
    by_hand = set(SEVERAL["secrets"]) - set(made)
    assert all(name in told for name in by_hand)
    assert set(made) <= set(SEVERAL["secrets"])
    assert not by_hand & {"storage__password", "coordination__secret_key", "grafana_password"}
    assert re.fullmatch(r"[0-9a-f]{64}", made["coordination__password"])
    assert f">{made['coordination__password']} " in made["coordination.acl"]
    assert len(base64.b64decode(made["coordination__secret_key"], validate=True)) == 32
    for name in by_hand:
        (folder / name).write_text("x")
    again = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    assert "channels__hall__token" not in again
    assert {file.name: file.read_text() for file in folder.iterdir()} == made | dict.fromkeys(by_hand, "x")
    assert all(file.stat().st_mode & 0o007 == 0 for file in folder.iterdir())
