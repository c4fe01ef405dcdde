"""The manifests: schemas of the oldest and the newest Kubernetes, and what schemas do not say."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from app import __version__
from tests.deploy.programs import DEPLOY, yaml_of
from tests.deploy.settings_named import grace_needed, load, require_settings

FILES = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
RESOURCES: dict[tuple[str, str], Any] = {
    (str(one["kind"]), one["metadata"]["name"]): one  # type: ignore[index]
    for file in FILES
    for one in yaml_of(file)
}
PODS = {
    "deployment": RESOURCES["Deployment", "shenyan"]["spec"]["template"]["spec"],
    "upgrade": RESOURCES["Job", "shenyan-upgrade"]["spec"]["template"]["spec"],
}
VERSIONS = ("1.30", "1.37")
"""`lifecycle.preStop.sleep` works from 1.30 on."""


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "resource", RESOURCES.values(), ids=lambda one: f"{one['kind']} {one['metadata']['name']}"
)
def test_every_manifest_fits_its_schema(resource: Any, version: str) -> None:
    kubernetes_validate.validate(resource, version, strict=True)


def test_a_misspelt_key_would_not_fit() -> None:
    wrong = RESOURCES["Service", "shenyan"] | {"sepc": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_everything_lives_in_the_namespace() -> None:
    for (kind, _), resource in RESOURCES.items():
        assert kind == "Namespace" or resource["metadata"]["namespace"] == "shenyan"
    labels = RESOURCES["Namespace", "shenyan"]["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("pod", PODS.values(), ids=PODS)
def test_pods_keep_the_restricted_standard(pod: Any) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    assert container["image"].endswith(f"/shenyan:{__version__}")
    assert {mount["name"] for mount in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}


def test_one_replica_stays_whatever_happens() -> None:
    deployment = RESOURCES["Deployment", "shenyan"]["spec"]
    assert deployment["replicas"] >= 2
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert RESOURCES["PodDisruptionBudget", "shenyan"]["spec"]["minAvailable"] >= 1
    assert RESOURCES["HorizontalPodAutoscaler", "shenyan"]["spec"]["minReplicas"] >= 2


def test_a_pod_is_given_time_to_drain_and_is_not_killed_for_records_that_are_away() -> None:
    pod = PODS["deployment"]
    (container,) = pod["containers"]
    slept = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > slept + grace_needed()
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_selectors_find_the_pods() -> None:
    labels = RESOURCES["Deployment", "shenyan"]["spec"]["template"]["metadata"]["labels"].items()
    for kind, name in (("Service", "shenyan"), ("PodDisruptionBudget", "shenyan")):
        selector = RESOURCES[kind, name]["spec"]["selector"]
        assert selector.get("matchLabels", selector).items() <= labels


def test_only_the_guard_gets_out_to_the_internet() -> None:
    policies = {name: one["spec"] for (kind, name), one in RESOURCES.items() if kind == "NetworkPolicy"}
    shut = policies.pop("nothing")
    assert shut == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    outside = {
        name: policy["podSelector"]
        for name, policy in policies.items()
        for rule in policy.get("egress", ())
        for peer in rule["to"]
        if "ipBlock" in peer
    }
    assert outside == {"guard-to-the-platforms": {"matchLabels": {"app.kubernetes.io/name": "shenyan"}}}


def test_the_guard_starts_from_these_names(tmp_path: Path) -> None:
    environment = RESOURCES["ConfigMap", "shenyan-environment"]["data"]
    secrets = RESOURCES["Secret", "shenyan"]["stringData"]
    variables = {name: text for name, text in environment.items() if "__" in name}
    require_settings({*variables, *secrets})
    for name, text in RESOURCES["ConfigMap", "shenyan-config"]["data"].items():
        (tmp_path / name).write_text(text, "utf-8")
    settings = load(tmp_path / "shenyan.toml", variables, secrets, tmp_path)
    assert settings.channels["hall"].facts == tmp_path / "hall.toml"
