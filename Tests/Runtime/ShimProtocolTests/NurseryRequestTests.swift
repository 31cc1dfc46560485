import JSON
import ShimProtocol
import Testing

@Suite("requests to the nursery")
struct NurseryRequestTests {
    @Test("come back as they were", arguments: [[], [4], [4, 5, 6, 7, 8, 9]] as [[Int32]])
    func roundTrip(attached: [Int32]) throws {
        let request = NurseryRequest(
            directory: "/run/pouch/containers/\u{e9} \"x\"", attached: attached, cgroup: attached.isEmpty ? nil : "/a/b"
        )
        #expect(try NurseryRequest(parsing: request.encoded()) == request)
    }

    @Test("without a directory are refused")
    func incomplete() {
        #expect(throws: JSONError.self) { try NurseryRequest(parsing: Array(#"{"attached":[]}"#.utf8)) }
    }
}
