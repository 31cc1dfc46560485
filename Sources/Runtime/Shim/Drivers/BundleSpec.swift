internal import JSON
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol

/// Reads a bundle's `config.json`.
enum BundleSpec {
    static func read(_ bundle: String) throws(ShimFailure) -> RuntimeSpec { try readWithText(bundle).spec }

    /// Also as it is written.
    static func readWithText(_ bundle: String) throws(ShimFailure) -> (spec: RuntimeSpec, text: [UInt8]) {
        let path = "\(bundle)/config.json"
        let bytes: [UInt8]
        do throws(SyscallError) {
            bytes = try WholeFile.read(path)
        } catch {
            throw ShimFailure(stage: "configuration", errno: error.errno, message: "\(error)")
        }
        do throws(JSONError) {
            return (try RuntimeSpec(parsing: bytes), bytes)
        } catch {
            throw ShimFailure(stage: "configuration", message: "\(path): \(error)")
        }
    }
}
