"""The servers measured: how each is configured, started and stopped.

Both are run as they come, with the settings that the load makes necessary; every departure from the
defaults is a line with its reason here.
"""

import json
import os
import re
import shutil
import subprocess
import time

from load import Account, first_greeting

BENCH = os.environ.get("BENCH_DIR", "")
REPO = os.environ.get("BENCH_REPO", "")
TARGET = os.environ.get("BENCH_TARGET", "")
HOST = "mx.bench.test"


class Subject:
    """One server. `start` prepares a fresh state and returns the seconds to its first greeting."""

    def __init__(self, options):
        self.options = options
        self.folder = f"{BENCH}/run/{self.name}"
        self.account = Account(self.name)

    def start(self, mode):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        command, environment = self.prepare(mode)
        # What preparing wrote shall not be flushed on the measurement's time.
        os.sync()
        with open(f"{self.folder}/log", "w") as log:
            started = time.monotonic()
            process = self.account.spawn(command, log, env=environment)
        return first_greeting(self.port, started, process)

    def stop(self):
        self.account.stop()


class Postfix(Subject):
    """Debian's package with its own main.cf.debian and master.cf.dist."""

    name = "postfix"
    port = 27025

    def prepare(self, mode):
        root, folder = f"{BENCH}/postfix", self.folder
        for name in ("etc", "queue", "data", "logs"):
            os.makedirs(f"{folder}/{name}")
        shutil.chown(f"{folder}/data", 9301, 9301)
        shutil.copy(f"{root}/etc/postfix/postfix-files", f"{folder}/etc/")
        open(f"{folder}/etc/dynamicmaps.cf", "w").close()
        with open(f"{root}/usr/share/postfix/main.cf.debian") as text:
            settings = text.read()
        settings += f"""
# Where it was unpacked to.
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {folder}/etc
sendmail_path = {root}/usr/sbin/sendmail
newaliases_path = {root}/usr/bin/newaliases
mailq_path = {root}/usr/bin/mailq
mail_owner = postfix
setgid_group = postdrop
import_environment = MAIL_CONFIG TZ LANG=C LD_LIBRARY_PATH={root}/usr/lib/postfix
# There is no syslog in the namespace.
maillog_file = {folder}/logs/mail.log
maillog_file_prefixes = {folder}/logs
# The task: a relay for the loopback network, with TLS offered.
myhostname = {HOST}
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
relayhost = [127.0.0.1]:{self.options.sink_port}
smtpd_tls_chain_files = {BENCH}/tls/mx.pem
smtpd_tls_security_level = may
"""
        if mode == "accept":
            # Accepted, stored, and left alone: no delivery competes. Without a queue manager that
            # takes messages, its throttle would only slow Postfix down.
            settings += "smtpd_client_restrictions = static:HOLD\nin_flow_delay = 0\n"
        elif mode == "memory":
            # One process per connection: without these, 1,000 are not let in.
            settings += "default_process_limit = 1200\nsmtpd_client_connection_count_limit = 0\n"
        with open(f"{folder}/etc/main.cf", "w") as text:
            text.write(settings)
        with open(f"{root}/usr/share/postfix/master.cf.dist") as text:
            services = text.read()
        # Our port; and no chroot, which Debian fills by a start script that is not run here.
        services = re.sub(r"^smtp(\s+inet)", rf"127.0.0.1:{self.port}\1", services, flags=re.M)
        services = re.sub(r"^(\S+\s+\S+\s+\S+\s+\S+\s+)y", r"\1n", services, flags=re.M)
        with open(f"{folder}/etc/master.cf", "w") as text:
            text.write(services)
        environment = dict(os.environ, LD_LIBRARY_PATH=f"{root}/usr/lib/postfix")
        postfix = [f"{root}/usr/sbin/postfix", "-c", f"{folder}/etc"]
        # Makes the queue's folders, so that the start that is timed does not.
        with open(f"{folder}/check.log", "w") as log:
            subprocess.run(postfix + ["check"], env=environment, stdout=log, stderr=log, check=True)
        return postfix + ["start-fg"], environment

    def stored(self):
        """Messages in the hold queue, where the accept test leaves them."""
        return sum(len(files) for _, _, files in os.walk(f"{self.folder}/queue/hold"))

    def version(self):
        done = subprocess.run(
            ["dpkg-deb", "-f", *debs(), "Version"], capture_output=True, text=True, check=False
        )
        return f"postfix {done.stdout.strip()}"


def debs():
    folder = f"{BENCH}/deb"
    return [f"{folder}/{name}" for name in os.listdir(folder) if name.endswith(".deb")][:1]


class Mailward(Subject):
    """The release build, set up by its own commands."""

    name = "mailward"
    port = 27026
    program = f"{TARGET}/release/mailward"

    def __init__(self, options):
        super().__init__(options)
        # Of an earlier run, perhaps of another build.
        for mode in ("accept", "relay", "memory", "starttls"):
            shutil.rmtree(f"{self.folder}-{mode}", ignore_errors=True)

    def objects(self, mode):
        """The task in Mailward's words; the defaults hold for whatever is not named."""
        # What `setup` made, except: a relay for the loopback network, like the other's mynetworks;
        # and all connections come from one address.
        text = f"""
[[accepted_domain]]
name = "bench.test"
domain = "bench.test"

[[mailbox]]
name = "postmaster"
address = "postmaster@bench.test"

[transport_settings]
postmaster = "postmaster@bench.test"

[[receive_connector]]
name = "Internet"
bindings = ["127.0.0.1:{self.port}"]
fqdn = "{HOST}"
relay = "all"
max_connections_per_source = 5000
"""
        if mode == "accept":
            # Accepted, stored, and left alone: no connector takes the domain.
            return text + """
[[send_connector]]
name = "Internet"
enabled = false
address_spaces = ["*"]
"""
        return text + f"""
[[send_connector]]
name = "Internet"
address_spaces = ["*"]
target = "smart_hosts"
smart_hosts = ["127.0.0.1:{self.options.sink_port}"]
"""

    def prepare(self, mode):
        made = f"{BENCH}/run/{self.name}-{mode}"
        if not os.path.exists(f"{made}/ready"):
            self.make(mode)
            shutil.rmtree(made, ignore_errors=True)
            # The run folder holds sockets, which cannot be copied and are made anew anyway.
            shutil.rmtree(f"{self.folder}/run")
            os.makedirs(f"{self.folder}/run")
            shutil.copytree(self.folder, made, symlinks=True)
            open(f"{made}/ready", "w").close()
        # The state as it is after setup, before any message: each measurement begins with it.
        shutil.rmtree(self.folder)
        shutil.copytree(made, self.folder, symlinks=True)
        return self.serve(), dict(os.environ)

    def serve(self):
        return [self.program, "serve", "--config", f"{self.folder}/mailward.toml"]

    def make(self, mode):
        """Sets a node up, starts it, gives it the objects, and ends it."""
        folder = self.folder
        with open(f"{folder}/made.log", "w") as log:

            def run(*words):
                done = subprocess.run([self.program, *words], capture_output=True, text=True, check=False)
                log.write(done.stdout + done.stderr)
                if done.returncode != 0:
                    said = (done.stderr or done.stdout).strip().splitlines()[-1:]
                    raise RuntimeError(f"`mailward {words[0]}` failed: {' '.join(said)}")

            os.makedirs(f"{folder}/certificates")
            shutil.copy(f"{BENCH}/tls/mx.pem", f"{folder}/certificates/")
            config = f"{folder}/mailward.toml"
            run(
                *("setup", "--domain", "bench.test", "--hostname", HOST),
                *("--bind", "127.0.0.1", "--port", str(self.port), "--config", config),
                *("--data-dir", f"{folder}/data", "--run-dir", f"{folder}/run"),
                *("--certificate-dir", f"{folder}/certificates"),
            )
            with open(f"{folder}/objects.toml", "w") as text:
                text.write(self.objects(mode))
            started = time.monotonic()
            process = self.account.spawn(self.serve(), log)
            try:
                first_greeting(self.port, started, process)
                socket = f"{folder}/run/{self.socket_name}"
                self.wait_for(socket)
                run("apply", "--socket", socket, f"{folder}/objects.toml", "--yes")
            finally:
                self.stop()

    # The admin API's socket in the run folder.
    socket_name = "admin.sock"

    @staticmethod
    def wait_for(path):
        end = time.monotonic() + 20
        while not os.path.exists(path):
            if time.monotonic() > end:
                raise RuntimeError(f"{path} does not appear")
            time.sleep(0.01)

    def stored(self):
        """Messages in the queue, by its own count."""
        words = ["--socket", f"{self.folder}/run/{self.socket_name}", "queue", "list", "--limit", "1", "--json"]
        done = subprocess.run([self.program, *words], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["queues"]["messages"]

    def version(self):
        done = subprocess.run([self.program, "--version"], capture_output=True, text=True, check=False)
        return done.stdout.strip()


SUBJECTS = {subject.name: subject for subject in (Postfix, Mailward)}
