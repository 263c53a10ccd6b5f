"""What lies ready to copy in entrypoint/: it is valid, keeps its secrets apart, and does what it says."""

import copy
import json
import re

import pytest
import yaml

from support.gotemplate import Templates
from support.postgres import PostgresProject
from support.process import run

RESTRICTED_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim",
    "projected", "secret",
}
SECRET = "shop-migrate"  # of the account that may change the schema
BINARY = "/db-entry"
PLAIN = {"str": str, "int": int, "bool": bool, "object": (str, int)}
# Fields that are younger than Debian's list of them.
YOUNGER = {"V1JobSpec": {"podFailurePolicy"}}


def chart(root, mode, **changes):
    """The objects that the Helm chart makes."""
    folder = root / "entrypoint/helm"
    values = yaml.safe_load((folder / "values.yaml").read_text())
    about = yaml.safe_load((folder / "Chart.yaml").read_text())
    values["dbEntry"].update(mode=mode, **changes)
    templates = Templates(values, {"AppVersion": about["appVersion"]}, {"Name": "web"})
    assert templates.render((folder / "templates/_db-entry.tpl").read_text()).strip() == ""
    texts = [
        templates.render(path.read_text()) for path in sorted((folder / "templates").glob("*.yaml"))
    ]
    return [found for text in texts if (found := yaml.safe_load(text))]


def manifests(root):
    """(Where it is from, the object), each of them."""
    for path in sorted((root / "entrypoint/kubernetes").glob("*.yaml")):
        for found in yaml.safe_load_all(path.read_text()):
            yield path.name, found
    for mode in ("initContainer", "job"):
        changes = {"approve": ["1@abc"], "settings": {"DB_ENTRY_WAIT_TIMEOUT": "2m"}}
        for found in chart(root, mode, **changes):
            yield f"chart, {mode}", found


def pods(root):
    for where, found in manifests(root):
        if "template" in found.get("spec", {}):
            yield where, found["spec"]["template"]["spec"]


def containers(pod):
    return [*pod.get("initContainers", []), *pod["containers"]]


def words(container):
    """What is executed, as far as the manifest says it."""
    return [*container.get("command", [BINARY, "--"]), *container.get("args", [])]


def is_ours(container):
    return words(container)[0] == BINARY


def from_secret(pod, container, secret):
    """The names of variables and volumes by which a container gets this Secret."""
    volumes = {
        volume["name"] for volume in pod.get("volumes", [])
        if volume.get("secret", {}).get("secretName") == secret
    }
    found = {m["name"] for m in container.get("volumeMounts", []) if m["name"] in volumes}
    for variable in container.get("env", []):
        if variable.get("valueFrom", {}).get("secretKeyRef", {}).get("name") == secret:
            found.add(variable["name"])
    assert "envFrom" not in container
    return found


@pytest.fixture(scope="module")
def settings(db_entry):
    """The names of all settings."""
    return set(run([db_entry, "config", "--json"]).json)


# --- Valid


def check_fields(value, kind, where, types):
    """Every key is a field of the kind, and what is in it too, by the client's own description."""
    if kind.startswith("list["):
        assert isinstance(value, list), where
        for item in value:
            check_fields(item, kind[5:-1], where, types)
    elif kind.startswith("dict("):
        assert isinstance(value, dict), where
    elif kind in PLAIN:
        assert isinstance(value, PLAIN[kind]), where
    else:
        assert isinstance(value, dict), where
        model = getattr(types, kind)
        names = {json_name: name for name, json_name in model.attribute_map.items()}
        for key, inner in value.items():
            if key in YOUNGER.get(kind, ()):
                continue
            assert key in names, f"{where}: {kind} has no {key}"
            check_fields(inner, model.openapi_types[names[key]], f"{where}.{key}", types)


def test_fields_are_those_of_kubernetes(root):
    types = pytest.importorskip("kubernetes.client", reason="apt install python3-kubernetes")
    seen = 0
    for where, found in manifests(root):
        group, _, version = found["apiVersion"].rpartition("/")
        kind = f"{version.capitalize()}{found['kind']}"
        assert (group, found["kind"]) in {
            ("", "Secret"), ("", "PersistentVolumeClaim"), ("apps", "Deployment"), ("batch", "Job"),
        }
        check_fields(found, kind, f"{where}: {found['kind']}", types)
        seen += 1
    assert seen > 10


def test_names_that_refer_to_each_other(root):
    for where, found in manifests(root):
        spec = found.get("spec", {})
        if found["kind"] == "Deployment":
            labels = spec["template"]["metadata"]["labels"]
            assert spec["selector"]["matchLabels"].items() <= labels.items(), where
    for where, pod in pods(root):
        volumes = {volume["name"] for volume in pod.get("volumes", [])}
        mounted = {m["name"] for c in containers(pod) for m in c.get("volumeMounts", [])}
        assert volumes == mounted, where
        images = {container["image"] for container in containers(pod)}
        assert images == {"shop:1.0.0"}, where


# --- The "restricted" Pod Security Standard, rule by rule


def test_restricted(root):
    seen = 0
    for where, pod in pods(root):
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), where
        for volume in pod.get("volumes", []):
            assert set(volume) - {"name"} <= RESTRICTED_VOLUMES, where
        context = pod["securityContext"]
        assert context["runAsNonRoot"] is True and context["runAsUser"] > 0, where
        assert context["seccompProfile"]["type"] == "RuntimeDefault", where
        assert not {"sysctls", "seLinuxOptions", "windowsOptions"} & context.keys(), where
        for container in containers(pod):
            own = container["securityContext"]
            assert own == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, where
            assert not any("hostPort" in port for port in container.get("ports", [])), where
            seen += 1
    assert seen >= 10


def test_no_more_than_is_needed(root):
    for where, pod in pods(root):
        assert pod["automountServiceAccountToken"] is False, where
        assert pod["enableServiceLinks"] is False, where
        for container in containers(pod):
            assert container["resources"]["limits"]["memory"], where
            assert "cpu" not in container["resources"]["limits"], where
            if is_ours(container):
                assert container["terminationMessagePolicy"] == "FallbackToLogsOnError", where


# --- Secrets


def test_the_application_gets_nothing_of_the_privileged_account(root):
    given = 0
    for where, pod in pods(root):
        for container in containers(pod):
            found = from_secret(pod, container, SECRET)
            if not is_ours(container):
                assert not found, where
            elif words(container)[1] == "--":
                # It becomes the application: only what it wipes beforehand, and no file.
                assert found == {"DB_ENTRY_DATABASE_URL"}, where
            given += len(found)
    assert given >= 5


def test_no_url_with_a_password_outside_of_secrets(root):
    for where, found in manifests(root):
        if found["kind"] != "Secret":
            assert not re.search(r"//[^/\"]*:[^/\"]*@", json.dumps(found)), where


# --- What db-entry is asked


def check_command(db_entry, settings, argv, where):
    assert argv[0] == BINARY, where
    if argv[1] == "--":
        return
    told = run([db_entry, "help", argv[1]])
    assert told.code == 0, (where, told)
    for word in argv[2:]:
        if word.startswith("--"):
            name = "DB_" + "ENTRY_" + word[2:].partition("=")[0].upper().replace("-", "_")
            assert f"  {word.partition('=')[0]} " in told.stdout or name in settings, where


def check_environment(settings, names, where):
    for name in names:
        if name.startswith("DB_ENTRY_"):
            assert name in settings or name.removesuffix("_FILE") in settings, (where, name)


def test_commands_and_settings_are_there(root, db_entry, settings):
    for where, pod in pods(root):
        for container in containers(pod):
            names = {variable["name"] for variable in container.get("env", [])}
            if is_ours(container):
                check_command(db_entry, settings, words(container), where)
            else:
                assert not any(name.startswith("DB_ENTRY_") for name in names), where
            check_environment(settings, names, where)


def test_probes(root, db_entry, settings):
    for where, pod in pods(root):
        for container in pod["containers"]:
            ports = {port["name"] for port in container.get("ports", [])}
            kinds = {kind for kind in container if kind.endswith("Probe")}
            for probe in (container[kind] for kind in kinds):
                if "exec" in probe:
                    check_command(db_entry, settings, probe["exec"]["command"], where)
                else:
                    assert probe["httpGet"]["port"] in ports, where
            # Whoever migrates in this container may take long before it answers.
            if is_ours(container) and "livenessProbe" in kinds:
                startup = container["startupProbe"]
                assert startup["periodSeconds"] * startup["failureThreshold"] >= 3600, where


def test_exit_codes_of_jobs_are_those_that_stay(root):
    """The exit codes for which trying again is no use; each is in the contract."""
    codes = {
        int(code) for code in re.findall(r"^\| (\d+) \|", (root / "docs/exit-codes.md").read_text(), re.M)
    }
    seen = 0
    for where, found in manifests(root):
        rules = found.get("spec", {}).get("podFailurePolicy", {}).get("rules", [])
        for rule in (rule["onExitCodes"] for rule in rules if "onExitCodes" in rule):
            names = {c["name"] for c in found["spec"]["template"]["spec"]["containers"]}
            assert rule["containerName"] in names, where
            assert set(rule["values"]) == codes - {0, 1, 26, 69, 75, 126, 127}, where
            assert found["spec"]["template"]["spec"]["restartPolicy"] == "Never", where
            seen += 1
    assert seen == 2


# --- The chart


def test_chart_uses_all_of_its_values_and_no_others(root):
    folder = root / "entrypoint/helm"
    text = "".join(path.read_text() for path in (folder / "templates").iterdir())
    values = yaml.safe_load((folder / "values.yaml").read_text())
    used = set(re.findall(r"\.Values\.([\w.]+)", text))
    assert {name for name in used if not name.startswith("dbEntry")} == {
        "image.repository", "image.tag", "replicas", "databaseSecret.name", "databaseSecret.key",
    }
    assert {name.split(".")[1] for name in used if name.startswith("dbEntry.")} == set(values["dbEntry"])
    partial = (folder / "templates/_db-entry.tpl").read_text()
    assert set(re.findall(r"\.Values\.(\w+)", partial)) == {"image", "dbEntry"}


def test_chart_follows_its_values(root):
    (deployment,) = chart(root, "initContainer", dumpsClaim="", image="other:2", settings={
        "DB_ENTRY_DUMP": "hook"})
    pod = deployment["spec"]["template"]["spec"]
    (migrate,) = pod["initContainers"]
    assert migrate["image"] == "other:2"
    assert [mount["name"] for mount in migrate["volumeMounts"]] == ["db-entry-url"]
    names = [variable["name"] for variable in migrate["env"]]
    assert names == ["DB_ENTRY_DATABASE_URL_FILE", "DB_ENTRY_APP_VERSION", "DB_ENTRY_DUMP"]
    deployment, job = chart(root, "job", approve=["0008@abc", "0009@def"])
    assert not {"initContainers", "volumes"} & deployment["spec"]["template"]["spec"].keys()
    env = job["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "DB_ENTRY_APPROVE", "value": "0008@abc 0009@def"} in env
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"


# --- Compose


def services(root):
    for path in sorted((root / "entrypoint/compose").glob("*.yaml")):
        found = yaml.safe_load(path.read_text())
        for name, service in found["services"].items():
            yield path.name, name, service, found


def test_compose(root, db_entry, settings):
    seen = 0
    for where, name, service, whole in services(root):
        check_environment(settings, service.get("environment", {}), where)
        for secret in service.get("secrets", []):
            assert secret in whole["secrets"], where
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in whole["volumes"], where
        for other in service.get("depends_on", {}):
            assert other in whole["services"], where
        if service.get("entrypoint", [""])[0] == BINARY:
            check_command(db_entry, settings, [BINARY, *service["command"]], where)
            assert service["read_only"] and service["cap_drop"] == ["ALL"], where
            seen += 1
        else:
            assert "migrate_url" not in service.get("secrets", []), (where, name)
    assert seen == 2


# --- They do what they say: the same words and variables, with paths of the test's own


class Cluster:
    """A PostgreSQL database with two accounts, and containers as processes."""

    def __init__(self, project, root):
        self.project = project
        self.root = root
        self.folder = project.folder / "app"
        self.folder.mkdir()
        self.dumps = project.folder / "dumps"
        self.dumps.mkdir()
        self.config = {}
        project.env = {}
        project.migration("0001_start", "CREATE TABLE users (id integer PRIMARY KEY, phone text);"
                          "INSERT INTO users VALUES (1, '555');", folder="app/db/migrations")
        project.script("app/app", "env | sort; echo started")
        self.secrets = {"shop": self.account("app"), SECRET: self.account("migrate")}
        name = project.database
        project.sql(
            f"REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO {name}_app;"
            f"GRANT USAGE, CREATE ON SCHEMA public TO {name}_migrate;"
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {name}_migrate GRANT SELECT ON TABLES TO {name}_app"
        )

    def account(self, word):
        name = f"{self.project.database}_{word}"
        self.project.sql(f"CREATE ROLE {name} LOGIN PASSWORD 'secret-of-{word}'")
        return self.project.server.url(self.project.database, name, f"secret-of-{word}")

    def close(self):
        for word in ("app", "migrate"):
            name = f"{self.project.database}_{word}"
            self.project.sql(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")

    def mounts(self, pod, container):
        """Where the container's paths are here."""
        volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
        found = {}
        for mount in container.get("volumeMounts", []):
            volume = volumes[mount["name"]]
            if "secret" in volume:
                place = self.project.folder / volume["secret"]["secretName"]
                place.mkdir(exist_ok=True)
                (place / "url").write_text(self.secrets[volume["secret"]["secretName"]] + "\n")
            else:
                place = self.dumps
            found[mount["mountPath"]] = str(place)
        return found

    def value(self, variable):
        source = variable.get("valueFrom")
        if source is None:
            return variable["value"]
        if "secretKeyRef" in source:
            return self.secrets[source["secretKeyRef"]["name"]]
        reference = source["configMapKeyRef"]
        assert reference["optional"]
        return self.config.get((reference["name"], reference["key"]))

    def start(self, pod, name, **changes):
        (container,) = [found for found in containers(pod) if found["name"] == name]
        here = self.mounts(pod, container)
        env = {variable["name"]: self.value(variable) for variable in container.get("env", [])}
        for path, place in here.items():
            env = {key: value and value.replace(path, place) for key, value in env.items()}
        # As the kubelet has it: the log is JSON there.
        env.update(KUBERNETES_SERVICE_HOST="10.0.0.1", **changes)
        argv = words(container)
        if argv[0] == BINARY:
            argv[0] = self.project.binary
        return run(argv, env=env, cwd=self.folder)


@pytest.fixture
def cluster(db_entry, tmp_path, postgres, root):
    project = PostgresProject(db_entry, tmp_path, postgres)
    made = Cluster(project, root)
    yield made
    made.close()
    project.close()


def pod_of(root, file, kind):
    found = [
        item for item in yaml.safe_load_all((root / "entrypoint/kubernetes" / file).read_text())
        if item["kind"] == kind
    ]
    return copy.deepcopy(found[0]["spec"]["template"]["spec"])


def is_application(result):
    assert result.code == 0 and result.stdout.endswith("started\n"), result
    assert "secret-of-migrate" not in result.stdout and "secret-of-app" in result.stdout, result


DROP = "ALTER TABLE users DROP COLUMN phone;"


@pytest.mark.server
def test_init_container_runs(cluster, root):
    pod = pod_of(root, "init-container.yaml", "Deployment")
    assert cluster.start(pod, "migrate").code == 0
    is_application(cluster.start(pod, "shop"))
    # Blocked, then approved by the ConfigMap, which the next start of the same container sees.
    cluster.project.migration("0002_drop", DROP, folder="app/db/migrations")
    blocked = cluster.start(pod, "migrate")
    assert blocked.code == 20, blocked
    assert list(cluster.dumps.glob("*.pgdump.zst")), "a dump, on the volume"
    (token,) = re.findall(r"0002@[0-9a-f]{12}", json.dumps(blocked.refusal["next"]))
    cluster.config["shop-approvals", "approve"] = token
    assert cluster.start(pod, "migrate").code == 0
    assert cluster.project.value("SELECT max(app_version) FROM db_entry_history") == "1.0.0"


@pytest.mark.server
def test_entrypoint_runs(cluster, root):
    pod = pod_of(root, "entrypoint.yaml", "Deployment")
    is_application(cluster.start(pod, "shop"))
    is_application(cluster.start(pod, "shop"))


@pytest.mark.server
def test_job_runs_and_the_others_wait_for_it(cluster, root):
    replicas, job = (pod_of(root, "job.yaml", kind) for kind in ("Deployment", "Job"))
    assert cluster.start(replicas, "migrated").code == 30
    assert cluster.start(job, "migrate").code == 0
    assert cluster.start(replicas, "migrated").code == 0
    is_application(cluster.start(replicas, "shop"))
    cluster.project.migration("0002_more", "CREATE TABLE more ();", folder="app/db/migrations")
    assert cluster.start(replicas, "migrated").code == 30


@pytest.mark.server
def test_restore_runs(cluster, root):
    migrate = pod_of(root, "job.yaml", "Job")
    assert cluster.start(migrate, "migrate").code == 0
    listing = copy.deepcopy(migrate)
    restore = pod_of(root, "restore.yaml", "Job")
    (container,) = restore["containers"]
    listing["containers"][0]["command"] = [BINARY, "dump"]
    made = cluster.start(listing, "migrate").stdout.strip()
    listing["containers"][0]["command"] = [BINARY, "dump", "list"]
    assert made in cluster.start(listing, "migrate").stdout
    cluster.project.sql("DELETE FROM users")
    container["args"] = [made]
    assert cluster.start(restore, "restore").code == 0
    assert cluster.project.value("SELECT count(*) FROM users") == "1"


@pytest.mark.server
def test_chart_runs(cluster, root):
    deployment, job = chart(root, "job", settings={"DB_ENTRY_WAIT_TIMEOUT": "30s"})
    assert cluster.start(job["spec"]["template"]["spec"], "migrate").code == 0
    is_application(cluster.start(deployment["spec"]["template"]["spec"], "shop"))


def test_sqlite_runs(project, root):
    pod = pod_of(root, "sqlite.yaml", "Deployment")
    project.migration("0001_start", "CREATE TABLE users (id integer PRIMARY KEY);")
    for container in containers(pod):
        (url,) = container["env"]
        assert container["volumeMounts"] == [{"name": "data", "mountPath": "/data"}]
        argv = words(container)
        if is_ours(container):
            argv[0] = project.binary
            env = {url["name"]: url["value"].replace("/data", str(project.folder))}
            result = run(argv, env=env, cwd=project.folder)
            assert result.code == 0, result
    assert project.tables() == ["users"]


# --- The page


def keys(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if key not in ("labels", "matchLabels", "stringData", "requests", "limits"):
                yield from keys(inner)
    elif isinstance(value, list):
        for item in value:
            yield from keys(item)


def test_every_field_is_explained(root):
    page = (root / "docs/kubernetes.md").read_text()
    plain = {"apiVersion", "kind", "metadata", "labels", "spec", "template", "annotations", "key",
             "path", "value", "items", "securityContext", "rollingUpdate", "matchLabels"}
    for where, found in manifests(root):
        for key in set(keys(found)) - plain:
            if not key.startswith("helm.sh/"):
                assert re.search(rf"`[^`]*\b{key}\b[^`]*`", page), (where, key)
    for _, pod in pods(root):
        for container in containers(pod):
            for variable in container.get("env", []):
                if variable["name"] != "DB_ENTRY_WAIT_TIMEOUT":
                    assert f"`{variable['name']}`" in page, variable
    values = yaml.safe_load((root / "entrypoint/helm/values.yaml").read_text())
    for name in values["dbEntry"]:
        assert re.search(rf"^\|.*`{name}`.*\|", page, re.M), name
