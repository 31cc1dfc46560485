internal import LinuxKernel
internal import Glibc

/// An ext4 filesystem in a file, for what the scratch folder's own filesystem may not be able to do.
package enum LoopFilesystem {
    /// Makes one of 16 MiB below `folder` and mounts it on `target`, which it makes too.
    ///
    /// The mount goes with the scratch folder, and the loop device with the mount.
    package static func mount(in folder: String, on target: String) throws {
        let image = "\(folder)/filesystem.img"
        for words in [
            ["truncate", "-s", "16M", image], ["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", image],
            ["mkdir", "-p", target], ["mount", "-o", "loop", image, target],
        ] {
            let result = try runBlocking(words)
            guard result.status == 0 else { throw SyscallError(words[0], errno: EIO, subject: result.errors) }
        }
    }
}
