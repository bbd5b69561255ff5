import Glibc

extension SinkError {
    /// Says why a call on an open file failed.
    ///
    /// - Parameters:
    ///   - action: What was tried, as in "Cannot … the file".
    ///   - name: The file's name.
    ///   - code: The system's error code.
    init(_ action: String, _ name: String, errno code: Int32) {
        let reason = String(cString: strerror(code))
        switch code {
        case ENOSPC, EDQUOT, EFBIG:
            self.init(
                .noSpace,
                "Cannot \(action) \(name): \(reason). Make room and start again; what was incomplete is cut then."
            )
        case EPIPE:
            self.init(.readerClosed, "Nobody reads \(name) any more: its reader closed. Start again to go on.")
        default:
            self.init(
                .inputOutput,
                "Cannot \(action) \(name): \(reason). Check the disk and its file system, and start again."
            )
        }
    }

    /// Says why a path could not be opened.
    init(opening path: String, errno code: Int32) {
        let reason = String(cString: strerror(code))
        switch code {
        case ENOENT, ENOTDIR:
            self.init(.missingFolder, "Cannot open \(path): its folder does not exist. Create the folder.")
        case ELOOP:
            self.init(.unusablePath, "\(path) is a symbolic link. Give the path that it leads to.")
        case EISDIR:
            self.init(.unusablePath, "\(path) is a folder. Give the path of a file.")
        case EACCES, EPERM, EROFS:
            self.init(.noPermission, "Cannot open \(path): \(reason). Allow this user to read and write it.")
        case ENXIO:
            self.init(.unusablePath, "\(path) is not a regular file. Give the path of a file.")
        default:
            self.init("open", path, errno: code)
        }
    }
}
