import ArgumentParser

struct Pouch: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "x")
    func run() { print("ok") }
}
Pouch.main()
