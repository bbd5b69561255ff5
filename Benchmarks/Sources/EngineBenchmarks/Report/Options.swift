/// What the command line asks for.
struct Options {
    static let usage = """
        Usage: EngineBenchmarks [--json] [--list] [--rounds N] [--seconds S] [WORD ...]

          WORD ...      only the rows whose name contains one of the words
          --json        one object per line instead of a table
          --list        the names of the rows, without running them
          --rounds N    how often each is measured by turns; the median counts (5)
          --seconds S   about how long one of them runs in one round (0.25)
          --alone N     carry N events through Sluice only, without measuring: for profilers
        """

    struct Invalid: Error {}

    var json = false
    var list = false
    var rounds = 5
    var seconds = 0.25
    var alone: Int?
    private var words: [String] = []

    init(_ arguments: some Sequence<String>) throws {
        var arguments = arguments.makeIterator()
        while let argument = arguments.next() {
            switch argument {
            case "--json": json = true
            case "--list": list = true
            case "--rounds":
                guard let count = arguments.next().flatMap(Int.init), count > 0 else { throw Invalid() }
                rounds = count
            case "--seconds":
                guard let length = arguments.next().flatMap(Double.init), length > 0 else { throw Invalid() }
                seconds = length
            case "--alone":
                guard let events = arguments.next().flatMap(Int.init), events > 0 else { throw Invalid() }
                alone = events
            case _ where argument.hasPrefix("-"): throw Invalid()
            default: words.append(argument)
            }
        }
    }

    var shapes: [Shape] {
        words.isEmpty ? Shape.all : Shape.all.filter { shape in words.contains { shape.name.contains($0) } }
    }
}
