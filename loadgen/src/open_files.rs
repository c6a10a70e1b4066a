//! Room for many connections: each takes a socket and a timer.

/// Raises the limit of open files as far as this process may; where it cannot, connecting says so.
#[cfg(target_os = "linux")]
pub fn raise_limit() {
    use rustix::process::Resource;
    use rustix::process::getrlimit;
    use rustix::process::setrlimit;

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).ok();
}

/// Nothing to do here.
#[cfg(not(target_os = "linux"))]
pub fn raise_limit() {}
