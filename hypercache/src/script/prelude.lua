-- What can only be written in Lua: functions that call other functions of the script in protected mode. Errors that our own
-- functions raise become plain values here, before the script sees them; a script that is killed does not get to see that.
local native_pcall, native_xpcall, native_resume, native_loadstring, plain, type, error, concat, byte, alive = ...

local function finish(done, ...)
    if done then
        return true, ...
    end
    alive()
    local fault = plain((...))
    if type(fault) == 'table' then
        local text = fault.err
        if type(text) == 'string' or type(text) == 'number' then
            return false, text
        end
    end
    return false, fault
end

local function resumed(done, ...)
    if done then
        return true, ...
    end
    alive()
    return false, plain((...))
end

local function handled(done, ...)
    if not done then
        alive()
    end
    return done, ...
end

local function load_text(text, name)
    if type(text) == 'string' and byte(text) == 27 then
        return nil, 'bad binary format (only text is loaded)'
    end
    return native_loadstring(text, name)
end

local builtins = {}

function builtins.pcall(...)
    return finish(native_pcall(...))
end

function builtins.xpcall(body, handler)
    return handled(native_xpcall(body, function(fault)
        return handler(plain(fault))
    end))
end

function builtins.resume(...)
    return resumed(native_resume(...))
end

function builtins.loadstring(text, name)
    return load_text(text, name)
end

function builtins.load(reader, name)
    local parts = {}
    while true do
        local part = reader()
        if part == nil or part == '' then
            break
        end
        if type(part) ~= 'string' then
            error('reader function must return a string', 2)
        end
        parts[#parts + 1] = part
    end
    return load_text(concat(parts), name or '=(load)')
end

-- Runs what a script is about to do; where it fails, with what `handler` makes of it.
local function run(handler, body, keys, arguments)
    return native_xpcall(function()
        return body(keys, arguments)
    end, handler)
end

return builtins, run
