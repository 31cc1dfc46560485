internal import CLinux
internal import ContainerRuntime
internal import Glibc
internal import JSON
internal import LinuxKernel
internal import RuntimeSpec
internal import ShimProtocol

/// `pouch-runtime nursery`: the process that the shims of one pouchd are copied from.
///
/// It has started the program, entered the shims' control group and decoded, planned and encoded a container once, so that a
/// shim is born by one clone(2) with all of that behind it (about a third of a start, measured), and shares the memory of it
/// with all others. It holds nothing of any container and does one thing after the other. It ends with pouchd, at the end
/// of its socket; the shims do not.
///
/// ```
///  pouchd                       nursery                     shim
///    | spawn: fd 3 = socket ----->| enters the group, warms up
///    |--- request + descriptors ->| clone3 ------------------>| takes its descriptors, its name,
///    |                            |                          | and runs as `shim --directory DIR`
///    |  (writes the bundle)       |                          | listens, makes the container's group
///    |--- word's pipe: one byte ----------------------------->| reads the bundle, launches
///    |<-------------------- report pipe: one line -----------|
///    |--- (closed) -------------->| ends                     | lives on
/// ```
package enum Nursery {
    /// Serves requests until the socket closes.
    ///
    /// - Parameter words: `--cgroup PATH --exec-root DIR`, then room for the shims' command lines (``title(_:)``). The exec root is
    ///   not used here: by it pouchd finds the nursery that an earlier pouchd left.
    /// - Returns: The exit code: 0 when pouchd has gone.
    package static func run(_ words: [String]) -> Int32 {
        guard words.count >= 2, words[0] == "--cgroup" else {
            Console.say("usage: pouch-runtime nursery --cgroup PATH --exec-root DIR (with a socket as descriptor 3)")
            return 2
        }
        let socket: Descriptor
        do throws(SyscallError) {
            socket = try high(ShimProtocol.reportDescriptor)
        } catch {
            Console.say("nursery: \(error)")
            return 1
        }
        // Nobody awaits a shim here: the kernel is told to bury them.
        signal(SIGCHLD, SIG_IGN)
        signal(SIGPIPE, SIG_IGN)
        if !words[1].isEmpty, let problem = ShimGroup.enter(words[1]) { Console.say("cgroup \(words[1]): \(problem)") }
        WarmUp.perform()
        return serve(socket)
    }

    private static func serve(_ socket: borrowing Descriptor) -> Int32 {
        while true {
            let message: (bytes: [UInt8], descriptors: [Int32])
            do throws(SyscallError) {
                message = try Messages.receive(over: socket.raw, limit: 16 << 10)
            } catch {
                Console.say("nursery: \(error)")
                return 1
            }
            guard !message.bytes.isEmpty else { return 0 }
            bear(message.bytes, message.descriptors)
            for descriptor in message.descriptors { close(descriptor) }
        }
    }

    /// In the copy it does not come back.
    private static func bear(_ bytes: [UInt8], _ descriptors: [Int32]) {
        let request: NurseryRequest
        do throws(JSONError) {
            request = try NurseryRequest(parsing: bytes)
        } catch {
            return Console.say("nursery: a request that cannot be read: \(error)")
        }
        guard descriptors.count == request.attached.count + 3 else {
            return Console.say("nursery: \(request.directory): \(descriptors.count) descriptors came")
        }
        do throws(SyscallError) {
            guard try Processes.clone() == nil else { return }
        } catch {
            return Console.say("nursery: \(error)")
        }
        let word: Int32
        do throws(SyscallError) {
            Processes.resetSignals()
            word = try take(descriptors, request.attached)
            title(["pouch-runtime", "shim", "--directory", request.directory])
        } catch {
            Console.say("nursery: \(error)")
            Processes.exitNow(1)
        }
        Processes.exitNow(Shim.run(request.directory, wait: Birth.Wait(word: word, cgroup: request.cgroup)))
    }

    /// Gives the descriptors the numbers that a shim has them under, and closes all others; returns that of the word's pipe.
    private static func take(_ descriptors: [Int32], _ attached: [Int32]) throws(SyscallError) -> Int32 {
        var safe: [Int32] = []
        for descriptor in descriptors { safe.append(try high(descriptor).release()) }
        let word = (attached.max() ?? ShimProtocol.reportDescriptor) + 1
        for (from, to) in zip(
            [safe[0], safe[1], safe[2], safe[2]] + safe[3...], [ShimProtocol.reportDescriptor, word, 1, 2] + attached)
        {
            try check("dup2") { dup2(from, to) }
        }
        try checkNegative("close_range") { clinux_close_range(UInt32(word + 1), UInt32.max, 0) }
        return word
    }

    /// Moves a descriptor out of the way of the numbers that shims use.
    private static func high(_ descriptor: Int32) throws(SyscallError) -> Descriptor {
        let copy = Descriptor(owning: try checkNegative("fcntl") { clinux_duplicate_above(descriptor, 100) })
        close(descriptor)
        return copy
    }

    /// Shows `words` as this process's command line, for ps(1) and for pouchd, which finds shims by it.
    ///
    /// The kernel shows the memory that the arguments were in; a command line that needs more is cut off.
    private static func title(_ words: [String]) {
        let arguments = CommandLine.unsafeArgv
        guard let begin = arguments[0], let last = arguments[Int(CommandLine.argc) - 1] else { return }
        let room = last - begin + strlen(last) + 1
        var text: [UInt8] = []
        for word in words { text += Array(word.utf8) + [0] }
        memset(begin, 0, room)
        for (offset, byte) in text.prefix(room - 1).enumerated() { begin[offset] = CChar(bitPattern: byte) }
    }
}
