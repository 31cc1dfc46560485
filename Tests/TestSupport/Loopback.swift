/// Brings the loopback up, which a private network namespace begins without; repeatable.
package func bringLoopbackUp() async throws {
    _ = try await run(["ip", "link", "set", "lo", "up"])
}
