internal import Archives
internal import LinuxKernel

extension Snapshotter {
    /// Gives refusals of the kernel a snapshotter's type.
    func asking<Result>(_ body: () throws(SyscallError) -> Result) throws(SnapshotError) -> Result {
        do throws(SyscallError) {
            return try body()
        } catch {
            throw .kernel(error)
        }
    }

    /// The same for what went wrong with files.
    func reading<Result>(_ body: () throws(ArchiveError) -> Result) throws(SnapshotError) -> Result {
        do throws(ArchiveError) {
            return try body()
        } catch {
            throw .archive(error)
        }
    }
}
