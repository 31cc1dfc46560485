internal import TestSupport

/// Somebody who does the same thing as the others.
struct Contestant {
    var name: String
    /// Undoes what the last round left; not timed.
    var prepare: (Int) throws -> Void = { _ in }
    var run: (Int) throws -> Void
    /// Cleans up after a round; not timed.
    var finish: (Int) throws -> Void = { _ in }
}

/// Lets the contestants take turns, so that a machine whose speed drifts is as unfair to one as to the other.
///
/// Returns each one's median in milliseconds; the first two rounds warm up and are not counted.
func contest(_ contestants: [Contestant], rounds: Int) throws -> [String: Double] {
    var times: [String: [Double]] = [:]
    for round in 0..<rounds + 2 {
        for contestant in contestants {
            try contestant.prepare(round)
            let elapsed = try ContinuousClock().measure { try contestant.run(round) }
            try contestant.finish(round)
            if round >= 2 { times[contestant.name, default: []].append(milliseconds(elapsed)) }
        }
    }
    return times.mapValues(\.median)
}

func milliseconds(_ duration: Duration) -> Double {
    let parts = duration.components
    return Double(parts.seconds) * 1000 + Double(parts.attoseconds) / 1e15
}

/// Runs `words` and insists that they succeed.
@discardableResult
func must(_ words: [String], environment: [String: String] = [:], input: String? = nil) throws -> CommandResult {
    let result = try runBlocking(words, environment: environment, input: input, timeout: .seconds(120))
    guard result.status == 0 else { throw BenchmarkFailure(words: words, result: result) }
    return result
}

/// A command that had to succeed and did not; a benchmark never measures failures.
struct BenchmarkFailure: Error, CustomStringConvertible {
    var words: [String]
    var result: CommandResult
    var description: String { "\(words.joined(separator: " ")): \(result)" }
}
