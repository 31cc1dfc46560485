package import Testing

/// Asks again and again until `condition` holds; one that does not within 20 seconds is an issue of the caller's line.
package func eventually(
    sourceLocation: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record("not so after 20 seconds", sourceLocation: sourceLocation)
}
