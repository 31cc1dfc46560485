internal import Glibc
internal import LinuxKernel

/// The pages of this program's code that are mapped.
///
/// A start runs much that never runs again, and every page of code that was touched once counts as the daemon's memory
/// until somebody takes it back.
enum CodePages {
    /// Gives back what has been touched until now; what is needed again is mapped again from the page cache.
    ///
    /// Where /proc cannot be read nothing happens.
    ///
    /// Source: madvise(2), MADV_DONTNEED; proc_pid_maps(5).
    static func giveBack() {
        guard let maps = try? WholeFile.read("/proc/self/maps"), let program = try? Files.readLink("/proc/self/exe")
        else { return }
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            guard let range = code(of: program, in: line) else { continue }
            madvise(UnsafeMutableRawPointer(bitPattern: range.lowerBound), range.count, MADV_DONTNEED)
        }
    }

    /// The addresses that a line tells of, if the program's code is there.
    ///
    /// Data that relocations have changed, readable though it may be, would be lost and is none of it.
    private static func code(of program: String, in line: Substring) -> Range<UInt>? {
        let words = line.split(separator: " ")
        guard words.count > 5, words[1] == "r-xp", line.hasSuffix(" \(program)") else { return nil }
        let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        return ends.count == 2 && ends[0] < ends[1] ? ends[0]..<ends[1] : nil
    }
}
