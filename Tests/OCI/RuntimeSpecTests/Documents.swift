/// Documents with every member that the specification has for Linux.
enum Documents {
    static let config = """
        {
          "ociVersion": "1.2.1",
          "process": {
            "terminal": true, "consoleSize": {"height": 25, "width": 80},
            "user": {"uid": 1, "gid": 2, "umask": 63, "additionalGids": [5, 6]},
            "args": ["sh", "-c", "true"], "env": ["PATH=/usr/bin:/bin", "TERM=xterm"], "cwd": "/srv",
            "capabilities": {
              "bounding": ["CAP_KILL", "CAP_AUDIT_WRITE"], "permitted": ["CAP_KILL"],
                "inheritable": ["CAP_AUDIT_WRITE"],
              "effective": ["CAP_KILL"], "ambient": []
            },
            "rlimits": [{"type": "RLIMIT_CORE", "hard": 1024, "soft": 512}, {"type": "RLIMIT_NOFILE",
              "hard": 18446744073709551615, "soft": 1}],
            "apparmorProfile": "acme_profile", "selinuxLabel": "system_u:system_r:container_t:s0",
              "noNewPrivileges": true,
            "oomScoreAdj": -100,
            "scheduler": {"policy": "SCHED_DEADLINE", "nice": -5, "priority": 1, "flags": ["SCHED_FLAG_RECLAIM"],
              "runtime": 10, "deadline": 20, "period": 30},
            "ioPriority": {"class": "IOPRIO_CLASS_IDLE", "priority": 4},
            "execCPUAffinity": {"initial": "7", "final": "0-3,7"}
          },
          "root": {"path": "rootfs", "readonly": true},
          "hostname": "slartibartfast", "domainname": "fjords.test",
          "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/data", "type": "none", "source": "/volumes/testing", "options": ["rbind", "rw", "ridmap"],
             "uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}], "gidMappings": [{"containerID": 0,
               "hostID": 4294967295, "size": 1}]}
          ],
          "hooks": {
            "prestart": [{"path": "/usr/bin/fix-mounts", "args": ["fix-mounts", "arg1"], "env": ["key1=value1"]}],
            "createRuntime": [{"path": "/usr/bin/setup-network"}], "createContainer": [{"path": "/usr/bin/mount-hook"}],
            "startContainer": [{"path": "/usr/bin/refresh-ldcache"}], "poststart": [{"path": "/usr/bin/notify-start",
              "timeout": 5}],
            "poststop": [{"path": "/usr/sbin/cleanup.sh", "args": ["cleanup.sh", "-f"]}]
          },
          "linux": \(linux),
          "annotations": {"com.example.key1": "value1", "com.example.empty": ""}
        }
        """

    private static let linux = """
        {
          "devices": [
            {"path": "/dev/fuse", "type": "c", "major": 10, "minor": 229, "fileMode": 438, "uid": 0, "gid": 0},
            {"path": "/dev/pipe", "type": "p", "fileMode": 432}
          ],
          "uidMappings": [{"containerID": 0, "hostID": 1000, "size": 32000}], "gidMappings": [{"containerID": 0,
            "hostID": 1000, "size": 32000}],
          "sysctl": {"net.ipv4.ip_forward": "1", "net.core.somaxconn": "256"},
          "cgroupsPath": "/myRuntime/myContainer",
          "resources": \(resources),
          "rootfsPropagation": "rslave",
          "seccomp": {
            "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86",
              "SCMP_ARCH_RISCV64"],
            "flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/run/agent.sock", "listenerMetadata": "opaque",
            "syscalls": [
              {"names": ["getcwd", "chmod"], "action": "SCMP_ACT_ALLOW"},
              {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97,
               "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}, {"index": 5, "value": 18446744073709551615,
                 "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"}]}
            ]
          },
          "timeOffsets": {"monotonic": {"secs": -172800, "nanosecs": 1}, "boottime": {"secs": 604800}},
          "namespaces": [
            {"type": "pid"}, {"type": "network", "path": "/var/run/netns/blue"}, {"type": "mount"}, {"type": "ipc"},
              {"type": "uts"},
            {"type": "user"}, {"type": "cgroup"}, {"type": "time"}
          ],
          "maskedPaths": ["/proc/kcore"], "readonlyPaths": ["/proc/sys"],
            "mountLabel": "system_u:object_r:container_file_t:s0",
          "intelRdt": {"closID": "guaranteed", "l3CacheSchema": "L3:0=7f0;1=1f", "memBwSchema": "MB:0=20;1=70",
            "enableCMT": true, "enableMBM": false},
          "personality": {"domain": "LINUX32", "flags": ["X"]}
        }
        """

    private static let resources = """
        {
          "network": {"classID": 1048577, "priorities": [{"name": "eth0", "priority": 500}]},
          "pids": {"limit": 32771},
          "hugepageLimits": [{"pageSize": "2MB", "limit": 9223372036854772000}],
          "memory": {"limit": 536870912, "reservation": 536870912, "swap": -1, "kernel": -1, "kernelTCP": -1,
            "swappiness": 0,
            "disableOOMKiller": false, "useHierarchy": true, "checkBeforeUpdate": true},
          "cpu": {"shares": 1024, "quota": -1, "burst": 1000000, "period": 500000, "realtimeRuntime": 950000,
            "realtimePeriod": 1000000,
            "cpus": "2-3", "mems": "0-7", "idle": 1},
          "devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": -1,
            "access": "rw"}],
          "blockIO": {
            "weight": 10, "leafWeight": 10, "weightDevice": [{"major": 8, "minor": 0, "weight": 500,
              "leafWeight": 300}],
            "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 600}], "throttleWriteBpsDevice": [{"major": 8,
              "minor": 0, "rate": 1}],
            "throttleReadIOPSDevice": [{"major": 8, "minor": 0, "rate": 2}], "throttleWriteIOPSDevice": [{"major": 8,
              "minor": 16, "rate": 300}]
          },
          "rdma": {"mlx5_1": {"hcaHandles": 3, "hcaObjects": 10000}},
          "unified": {"io.max": "259:0 rbps=2097152", "hugetlb.1GB.rsvd.max": "0"}
        }
        """

    static let state = """
        {"ociVersion": "0.2.0", "id": "oci-container1", "status": "running", "pid": 4422, "bundle": "/containers/redis",
         "annotations": {"myKey": "myValue"}}
        """

    static let features = """
        {
          "ociVersionMin": "1.0.0", "ociVersionMax": "1.2.1", "hooks": ["prestart", "poststop"],
            "mountOptions": ["acl", "bind", "rro"],
          "linux": {
            "namespaces": ["cgroup", "time"], "capabilities": ["CAP_CHOWN"],
            "cgroup": {"v1": true, "v2": true, "systemd": false, "systemdUser": false, "rdma": false},
            "seccomp": {"enabled": true, "actions": ["SCMP_ACT_ALLOW"], "operators": ["SCMP_CMP_EQ"],
              "archs": ["SCMP_ARCH_X86_64"],
              "knownFlags": ["SECCOMP_FILTER_FLAG_LOG"], "supportedFlags": []},
            "apparmor": {"enabled": true}, "selinux": {"enabled": false}, "intelRdt": {"enabled": true,
              "schemata": true},
            "mountExtensions": {"idmap": {"enabled": true}}, "netDevices": {"enabled": true}
          },
          "annotations": {"io.github.seccomp.libseccomp.version": "2.5.4"},
          "potentiallyUnsafeConfigAnnotations": ["org.systemd.property."]
        }
        """
}
