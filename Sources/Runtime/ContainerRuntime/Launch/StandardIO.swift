/// What a program finds as its standard streams.
package enum StandardIO: Equatable, Sendable {
    /// Those of the calling process.
    case inherited
    /// These three; they stay the caller's.
    case descriptors(input: Int32, output: Int32, error: Int32)
    /// A pseudoterminal in the container, whose other end goes to the caller.
    case terminal
}
