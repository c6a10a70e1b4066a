//! JSON to Lua.

use mlua::Lua;
use mlua::Result;
use mlua::Value;

use crate::script::arguments::Arguments;
use crate::script::library::NESTING_MAX;
use crate::script::library::cjson::Settings;
use crate::script::library::cjson::number;

enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    String(Vec<u8>),
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    Bad(&'static str),
}

impl Token {
    fn name(&self) -> &'static str {
        match self {
            Self::ObjectBegin => "T_OBJ_BEGIN",
            Self::ObjectEnd => "T_OBJ_END",
            Self::ArrayBegin => "T_ARR_BEGIN",
            Self::ArrayEnd => "T_ARR_END",
            Self::String(_) => "T_STRING",
            Self::Number(_) => "T_NUMBER",
            Self::Boolean(_) => "T_BOOLEAN",
            Self::Null => "T_NULL",
            Self::Colon => "T_COLON",
            Self::Comma => "T_COMMA",
            Self::End => "T_END",
            Self::Bad(why) => why,
        }
    }
}

struct Decoder<'a> {
    lua: &'a Lua,
    args: &'a Arguments<'a>,
    settings: &'a Settings,
    data: &'a [u8],
    at: usize,
    depth: usize,
    /// Where the token just read begins, or where it went wrong.
    token_at: usize,
}

/// The value that the first argument is the JSON of.
pub fn decode(lua: &Lua, args: &Arguments<'_>, settings: &Settings) -> Result<Value> {
    let text = args.string(0)?;
    let data = text.as_bytes();
    if data.len() >= 2 && data[..2].contains(&0) {
        return Err(args.fail("JSON parser does not support UTF-16 or UTF-32"));
    }
    let mut decoder = Decoder { lua, args, settings, data: &data, at: 0, depth: 0, token_at: 0 };
    let first = decoder.next();
    let value = decoder.value(first)?;
    match decoder.next() {
        Token::End => Ok(value),
        other => Err(decoder.expected("the end", &other)),
    }
}

impl Decoder<'_> {
    /// The byte at `at`; zero past the end, which ends the text like a zero byte in it does.
    fn byte(&self, at: usize) -> u8 {
        self.data.get(at).copied().unwrap_or(0)
    }

    fn expected(&self, what: &str, found: &Token) -> mlua::Error {
        self.args.fail(format!(
            "Expected {what} but found {} at character {}",
            found.name(),
            self.token_at + 1
        ))
    }

    fn value(&mut self, token: Token) -> Result<Value> {
        Ok(match token {
            Token::String(text) => Value::String(self.lua.create_string(&text)?),
            Token::Number(number) => Value::Number(number),
            Token::Boolean(truth) => Value::Boolean(truth),
            Token::Null => Value::NULL,
            Token::ObjectBegin => self.object()?,
            Token::ArrayBegin => self.array()?,
            other => return Err(self.expected("value", &other)),
        })
    }

    fn descend(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > NESTING_MAX
            || self.depth as u64 > self.settings.decode_max_depth.unsigned_abs().into()
        {
            return Err(self.args.fail(format!(
                "Found too many nested data structures ({}) at character {}",
                self.depth, self.at
            )));
        }
        Ok(())
    }

    fn object(&mut self) -> Result<Value> {
        self.descend()?;
        let table = self.lua.create_table()?;
        let mut token = self.next();
        if matches!(token, Token::ObjectEnd) {
            self.depth -= 1;
            return Ok(Value::Table(table));
        }
        loop {
            let Token::String(key) = token else { return Err(self.expected("object key string", &token)) };
            match self.next() {
                Token::Colon => {}
                other => return Err(self.expected("colon", &other)),
            }
            let next = self.next();
            let value = self.value(next)?;
            table.raw_set(self.lua.create_string(&key)?, value)?;
            match self.next() {
                Token::ObjectEnd => break,
                Token::Comma => token = self.next(),
                other => return Err(self.expected("comma or object end", &other)),
            }
        }
        self.depth -= 1;
        Ok(Value::Table(table))
    }

    fn array(&mut self) -> Result<Value> {
        self.descend()?;
        let table = self.lua.create_table()?;
        let mut token = self.next();
        if matches!(token, Token::ArrayEnd) {
            self.depth -= 1;
            return Ok(Value::Table(table));
        }
        for index in 1.. {
            let value = self.value(token)?;
            table.raw_seti(index, value)?;
            match self.next() {
                Token::ArrayEnd => break,
                Token::Comma => token = self.next(),
                other => return Err(self.expected("comma or array end", &other)),
            }
        }
        self.depth -= 1;
        Ok(Value::Table(table))
    }

    fn next(&mut self) -> Token {
        while matches!(self.byte(self.at), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.token_at = self.at;
        let single = match self.byte(self.at) {
            0 => return Token::End,
            b'"' => return self.string(),
            b'{' => Token::ObjectBegin,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayBegin,
            b']' => Token::ArrayEnd,
            b':' => Token::Colon,
            b',' => Token::Comma,
            b'-' | b'0'..=b'9' => {
                let refused = !self.settings.decode_invalid && self.is_invalid_number();
                return if refused { Token::Bad("invalid number") } else { self.number() };
            }
            b'f' | b'i' | b'I' | b'n' | b'N' | b't' | b'+' => return self.word(),
            _ => return Token::Bad("invalid token"),
        };
        self.at += 1;
        single
    }

    fn word(&mut self) -> Token {
        let rest = &self.data[self.at..];
        let words = [("true", Token::Boolean(true)), ("false", Token::Boolean(false)), ("null", Token::Null)];
        for (word, token) in words {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return token;
            }
        }
        if self.settings.decode_invalid && self.is_invalid_number() {
            return self.number();
        }
        Token::Bad("invalid token")
    }

    /// Whether what stands here may be a number for C, but not for JSON.
    fn is_invalid_number(&self) -> bool {
        let mut at = self.at;
        match self.byte(at) {
            b'+' => return true,
            b'-' => at += 1,
            _ => {}
        }
        match self.byte(at) {
            b'0' => matches!(self.byte(at + 1), b'x' | b'X' | b'0'..=b'9'),
            byte if byte <= b'9' => false,
            _ => {
                let rest = self.data.get(at..at + 3).unwrap_or_default();
                rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"nan")
            }
        }
    }

    fn number(&mut self) -> Token {
        match number::leading(&self.data[self.at..]) {
            Some((number, length)) => {
                self.at += length;
                Token::Number(number)
            }
            None => Token::Bad("invalid number"),
        }
    }

    fn bad(&mut self, why: &'static str) -> Token {
        self.token_at = self.at;
        Token::Bad(why)
    }

    fn string(&mut self) -> Token {
        self.at += 1;
        let mut text = Vec::new();
        loop {
            match self.byte(self.at) {
                b'"' => break,
                0 => return self.bad("unexpected end of string"),
                b'\\' => {
                    let escaped = match self.byte(self.at + 1) {
                        b'u' => {
                            let Some((character, length)) = self.unicode_escape() else {
                                return self.bad("invalid unicode escape code");
                            };
                            push_character(&mut text, character);
                            self.at += length;
                            continue;
                        }
                        byte @ (b'"' | b'\\' | b'/') => byte,
                        b'b' => 0x08,
                        b't' => b'\t',
                        b'n' => b'\n',
                        b'f' => 0x0c,
                        b'r' => b'\r',
                        _ => return self.bad("invalid escape code"),
                    };
                    text.push(escaped);
                    self.at += 2;
                }
                byte => {
                    text.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Token::String(text)
    }

    /// The character that the escape here stands for, and the length of the escape: two escapes where it is a pair of
    /// surrogates.
    fn unicode_escape(&self) -> Option<(u32, usize)> {
        let unit = self.hex4(self.at + 2)?;
        if unit & 0xf800 != 0xd800 {
            return Some((unit, 6));
        }
        if unit & 0x400 != 0 || self.byte(self.at + 6) != b'\\' || self.byte(self.at + 7) != b'u' {
            return None;
        }
        let low = self.hex4(self.at + 8).filter(|low| low & 0xfc00 == 0xdc00)?;
        Some((0x1_0000 + ((unit & 0x3ff) << 10 | low & 0x3ff), 12))
    }

    fn hex4(&self, at: usize) -> Option<u32> {
        let digits = self.data.get(at..at + 4)?;
        digits.iter().try_fold(0, |number, digit| Some(number << 4 | char::from(*digit).to_digit(16)?))
    }
}

fn push_character(text: &mut Vec<u8>, character: u32) {
    let character = char::from_u32(character).expect("surrogates are put together before they get here");
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}
