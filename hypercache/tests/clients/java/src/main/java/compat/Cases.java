package compat;

import java.util.LinkedHashMap;
import java.util.Map;

/** Tests by name, and what they share: addresses from the environment, which scripts/compat.sh sets, and checks. */
final class Cases {
    static final String PASSWORD = environment("COMPAT_PASSWORD");
    private static final long WAIT_MILLISECONDS = 20_000;

    private final Map<String, Body> bodies = new LinkedHashMap<>();

    /** A test: it throws when it fails. */
    interface Body {
        void run() throws Exception;
    }

    /** Something to wait for. */
    interface State {
        boolean reached() throws Exception;
    }

    record Address(String host, int port) {
        static Address of(String variable) {
            String value = environment(variable);
            int colon = value.lastIndexOf(':');
            return new Address(value.substring(0, colon), Integer.parseInt(value.substring(colon + 1)));
        }
    }

    static String environment(String variable) {
        String value = System.getenv(variable);
        if (value == null || value.isEmpty()) {
            throw new IllegalStateException(variable + " is not set");
        }
        return value;
    }

    void add(String name, Body body) {
        bodies.put(name, body);
    }

    boolean run() {
        int failed = 0;
        for (Map.Entry<String, Body> each : bodies.entrySet()) {
            try {
                each.getValue().run();
            } catch (Exception | AssertionError failure) {
                failed++;
                System.out.println("FAIL  " + each.getKey());
                failure.printStackTrace(System.out);
            }
        }
        System.out.println((bodies.size() - failed) + " passed, " + failed + " failed");
        return failed == 0 && !bodies.isEmpty();
    }

    static void equal(Object wanted, Object got) {
        if (wanted == null ? got != null : !wanted.equals(got)) {
            throw new AssertionError("wanted " + wanted + ", got " + got);
        }
    }

    static void holds(boolean condition, Object told) {
        if (!condition) {
            throw new AssertionError(String.valueOf(told));
        }
    }

    /** Runs what has to throw, and checks the message of the exception or of one of its causes. */
    static void refused(String wanted, Body body) throws Exception {
        try {
            body.run();
        } catch (RuntimeException refusal) {
            for (Throwable each = refusal; each != null; each = each.getCause()) {
                if (String.valueOf(each.getMessage()).contains(wanted)) {
                    return;
                }
            }
            throw refusal;
        }
        throw new AssertionError("not refused with " + wanted);
    }

    static void eventually(String why, State state) throws Exception {
        long deadline = System.nanoTime() + WAIT_MILLISECONDS * 1_000_000;
        while (!state.reached()) {
            holds(System.nanoTime() < deadline, "waited for " + why);
            Thread.sleep(5);
        }
    }

    /** Runs it in a thread of its own, which does not keep the process. */
    static Thread aside(Body body) {
        Thread thread = new Thread(() -> {
            try {
                body.run();
            } catch (Exception failure) {
                // Whoever waits for its effect tells that it is missing.
                failure.printStackTrace(System.out);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
