internal import Glibc
package import JSON
package import LinuxKernel

/// An OCI bundle made for a test: a root filesystem of Debian's busybox-static and a `config.json` that the test edits.
///
/// Source: OCI runtime-spec 1.2, "Filesystem Bundle".
package struct Bundle {
    /// The bundle's folder, holding `config.json` and `rootfs`.
    package let path: String
    /// What `config.json` will say; written by ``write()``.
    package var config: JSONValue

    package var rootfs: String { "\(path)/rootfs" }

    /// Makes a bundle in `folder` that runs `words` with all namespaces new.
    ///
    /// - Throws: `ENOENT` when busybox-static is not installed; what the file system says.
    package init(in folder: String, running words: [String]) throws {
        path = folder
        try Bundle.makeRootfs("\(folder)/rootfs")
        config = Bundle.defaultConfig(words)
        try write()
    }

    /// Writes `config` to `config.json`.
    package func write() throws(SyscallError) {
        try WholeFile.replace("\(path)/config.json", with: config.encoded(.pretty), mode: 0o644)
    }

    /// Fills `root` with busybox, a link for each of its common applets and the folders a container expects.
    package static func makeRootfs(_ root: String) throws {
        for folder in ["", "/bin", "/etc", "/proc", "/sys", "/dev", "/tmp", "/root", "/var"] {
            mkdir("\(root)\(folder)", 0o755)
        }
        chmod("\(root)/tmp", 0o1777)
        guard let busybox = Executables.tool("busybox") else {
            throw SyscallError("stat", errno: ENOENT, subject: "busybox (apt-get install busybox-static)")
        }
        // Copied by another process: a file that this one had open for writing is "text file busy" as long as any
        // program that a parallel test starts at that moment has not closed its inherited descriptor.
        let copied = try runBlocking(["cp", "--no-preserve=mode", busybox, "\(root)/bin/busybox"])
        guard copied.status == 0 else { throw SyscallError("cp", errno: EIO, subject: copied.errors) }
        chmod("\(root)/bin/busybox", 0o755)
        for applet in applets { symlink("/bin/busybox", "\(root)/bin/\(applet)") }
        try WholeFile.replace(
            "\(root)/etc/passwd", with: Array("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n".utf8),
            mode: 0o644)
        try WholeFile.replace(
            "\(root)/etc/group", with: Array("root:x:0:\nuser:x:1000:\nextra:x:2000:user\n".utf8), mode: 0o644)
    }

    private static let applets = [
        "sh", "cat", "echo", "ls", "sleep", "true", "false", "id", "env", "mount", "umount", "touch", "mkdir", "rm",
        "ps",
        "kill", "grep", "head", "tail", "wc", "dd", "stty", "tty", "hostname", "readlink", "ip", "df", "stat", "pwd",
        "cp",
        "mv", "ln", "chmod", "chown", "test", "expr", "seq", "yes", "tr", "sed", "awk", "cut", "sort", "printf", "date",
        "nc",
        "find", "mknod", "uname", "whoami", "dmesg", "sysctl", "tar", "top", "free", "ulimit", "setsid", "trap", "sync",
        "usleep", "logger",
    ]

    private static func defaultConfig(_ words: [String]) -> JSONValue {
        let capabilities: JSONValue = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"]
        return [
            "ociVersion": "1.2.0",
            "process": [
                "terminal": false, "user": ["uid": 0, "gid": 0], "cwd": "/",
                "args": .array(words.map { .string($0) }),
                "env": ["PATH=/bin:/usr/bin:/sbin:/usr/sbin", "TERM=xterm"],
                "capabilities": ["bounding": capabilities, "effective": capabilities, "permitted": capabilities],
                "noNewPrivileges": true,
            ],
            "root": ["path": "rootfs", "readonly": false],
            "hostname": "pouch-test",
            "mounts": [
                ["destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]],
                [
                    "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
                    "options": ["nosuid", "strictatime", "mode=755", "size=65536k"],
                ],
                [
                    "destination": "/dev/pts", "type": "devpts", "source": "devpts",
                    "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
                ],
                [
                    "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
                    "options": ["nosuid", "noexec", "nodev", "mode=1777"],
                ],
                [
                    "destination": "/sys", "type": "sysfs", "source": "sysfs",
                    "options": ["nosuid", "noexec", "nodev", "ro"],
                ],
            ],
            "linux": [
                "namespaces": [
                    ["type": "pid"], ["type": "network"], ["type": "ipc"], ["type": "uts"], ["type": "mount"],
                ],
                "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
                "readonlyPaths": ["/proc/bus", "/proc/sys", "/proc/sysrq-trigger"],
            ],
        ]
    }
}
