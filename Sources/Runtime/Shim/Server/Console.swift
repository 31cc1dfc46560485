internal import Glibc
internal import ShimProtocol

/// The shim's own words, for the file that pouchd gave it as standard error.
enum Console {
    /// Why something could not be done, and on whose request.
    static func say(_ failure: ShimFailure, requestID: String?) {
        say(requestID.map { "request \($0): \(failure)" } ?? "\(failure)")
    }

    static func say(_ text: String) {
        var line = text
        line.append("\n")
        _ = line.withUTF8 { write(2, $0.baseAddress, $0.count) }
    }
}
