/// Where the files are, and how large they may become.
package struct SpoolPlace: Hashable, Sendable {
    /// The folder, used by nobody else; made when it is needed.
    package var folder: String

    /// How many bytes all files together may have.
    package var limit: Int

    /// Makes a place.
    package init(folder: String, limit: Int) {
        self.folder = folder
        self.limit = limit
    }
}
