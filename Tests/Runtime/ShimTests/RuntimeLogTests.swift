internal import Testing

@testable internal import Shim

@Suite("Other runtimes' logs")
struct RuntimeLogTests {
    @Test("the last error of a JSON log is what is told")
    func json() {
        let log = """
            {"level":"warning","msg":"odd","time":"x"}
            {"level":"error","msg":"first","time":"x"}
            {"level":"error","msg":"runc create failed: no","time":"x"}
            {"level":"info","msg":"bye","time":"x"}

            """
        #expect(RuntimeLog.lastError(Array(log.utf8)) == "runc create failed: no")
        #expect(RuntimeLog.lastError(Array("plain words\n".utf8)) == "plain words")
        #expect(RuntimeLog.lastError([]) == nil)
    }

    @Test(
        "the words decide between 127, 126 and 125",
        arguments: [
            ("exec: \"x\": executable file not found in $PATH", 127),
            ("open executable: No such file or directory", 127),
            ("exec: \"/etc\": permission denied", 126), ("exec /x: exec format error", 126), ("cgroup: no", 125),
        ] as [(String, Int32)])
    func exitCodes(message: String, code: Int32) {
        #expect(RuntimeLog.exitCode(forMessage: message) == code)
    }
}
