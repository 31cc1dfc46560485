internal import Cgroups
internal import Glibc
internal import LinuxKernel

extension MachineFacts {
    static func tree() throws(EngineError) -> CgroupTree {
        do throws(SyscallError) { return try CgroupTree.detect() } catch {
            throw .system(doing: "find the control groups", error)
        }
    }

    /// Asks the kernel.
    static func current() throws(EngineError) -> MachineFacts {
        func line(_ path: String) -> String {
            let bytes = (try? WholeFile.read(path)) ?? []
            return String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self)
        }
        return MachineFacts(
            processors: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
            memory: Int64(sysconf(Int32(_SC_PHYS_PAGES))) * Int64(sysconf(Int32(_SC_PAGESIZE))),
            cgroups: try tree(), kernel: line("/proc/sys/kernel/osrelease"), architecture: machineName,
            hostname: line("/proc/sys/kernel/hostname"), operatingSystem: distribution)
    }

    /// As `uname -m` says it.
    static var machineName: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "aarch64"
        #else
            "unknown"
        #endif
    }

    /// As images say it.
    static var imageArchitecture: String { machineName == "x86_64" ? "amd64" : "arm64" }

    private static var distribution: String {
        let bytes = (try? WholeFile.read("/etc/os-release")) ?? []
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
            return line.dropFirst(12).trimming("\"")
        }
        return "Linux"
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> String {
        var text = self
        while text.first == character { text = text.dropFirst() }
        while text.last == character { text = text.dropLast() }
        return String(text)
    }
}
