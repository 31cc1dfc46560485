package import JSON

/// The one line that a starting shim writes on its report descriptor.
///
/// A report pipe that closes without a line means that the shim died.
package enum ShimReport: Equatable, Sendable {
    case started(ShimProcess, timings: Timings)
    case failed(ShimFailure)

    /// Where the time of the start went, in microseconds since the shim's `main`.
    package struct Timings: Equatable, Sendable {
        /// The configuration is read and the socket listens.
        package var listening: Int64
        /// The container's program runs.
        package var started: Int64

        package init(listening: Int64 = 0, started: Int64 = 0) {
            self.listening = listening
            self.started = started
        }
    }
}

extension ShimReport: JSONCodable {
    package init(json: JSONField) throws(JSONError) {
        if let failure = try json["error"].readIfPresent(ShimFailure.self) {
            self = .failed(failure)
        } else {
            let timings = Timings(
                listening: try json["timings"]["listening"].intIfPresent() ?? 0,
                started: try json["timings"]["started"].intIfPresent() ?? 0)
            self = .started(try ShimProcess(json: json), timings: timings)
        }
    }

    package var json: JSONValue {
        switch self {
        case .started(let process, let timings):
            [
                "pid": process.pid.json, "pidStartTime": process.startTime.json,
                "timings": ["listening": timings.listening.json, "started": timings.started.json],
            ]
        case .failed(let failure): ["error": failure.json]
        }
    }
}
