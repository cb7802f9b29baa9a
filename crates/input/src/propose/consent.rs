//! What a column of consents is about.

use dfinery::{tables::StandardProperty, taxonomy::CONSENT_PROPERTIES};

/// What the name of a column of consents says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    /// A standard property, and what may be wrong with it.
    Known(&'static StandardProperty, Option<&'static str>),
    /// None, for this reason.
    None(&'static str),
}

const SMS: &[&str] = &["문자", "sms", "lms", "mms"];
const KAKAO: &[&str] = &["카카오", "친구톡", "브랜드메시지", "kakao", "friendtalk"];
const INFORMATIONAL_KAKAO: &[&str] = &["알림톡", "alimtalk"];
const EMAIL: &[&str] = &["메일", "email"];
const PUSH: &[&str] = &["푸시", "푸쉬", "push"];
const CALL: &[&str] = &["전화", "텔레마케팅", "우편", "dm발송"];
const NIGHT: &[&str] = &["야간", "night"];
const ADVERTISING: &[&str] = &["광고", "마케팅", "홍보", "이벤트", "ads", "marketing"];
const RECEIVING: &[&str] = &["수신", "optin", "동의", "agree", "consent"];
const COLLECTING: &[&str] = &["개인정보", "수집", "약관", "제3자", "이용동의", "privacy", "terms"];

impl Consent {
    /// Reads the name of a column, without case, spaces and punctuation but with what is in its parentheses.
    pub(super) fn of(word: &str) -> Option<Self> {
        let says = |words: &[&str]| words.iter().any(|one| word.contains(one));
        if !says(RECEIVING) || !(says(ADVERTISING) || says(&["수신", "optin"])) {
            return None;
        }
        if says(COLLECTING) {
            return Some(Self::None(
                "it is about personal data or terms, and not about receiving messages",
            ));
        }
        let channels = [SMS, EMAIL, PUSH, CALL].map(says);
        let is_kakao = says(KAKAO) || says(INFORMATIONAL_KAKAO);
        let count = channels.into_iter().chain([is_kakao]).filter(|said| *said).count();
        let [is_sms, is_email, is_push, _] = channels;
        let not_said = (!says(ADVERTISING)).then_some("it does not say whether the messages are advertising");
        Some(match count {
            0 => Self::None("it does not say for which channel the consent is: nobody may be sent messages by a guess"),
            2.. => {
                Self::None("it is a consent for several channels: give each its own property only if it covers them")
            }
            _ if says(NIGHT) && is_push => Self::known("df_push_night_ads_optin", not_said),
            _ if says(NIGHT) => Self::None("a consent for the night has a standard property only for push messages"),
            _ if is_sms => Self::known("df_sms_ads_optin", not_said),
            _ if is_push => Self::known("df_push_ads_optin", not_said),
            _ if is_email => Self::None("there is no standard property for a consent to e-mail"),
            _ if !is_kakao => Self::None("there is no standard property for this channel"),
            _ if !says(KAKAO) => Self::None(
                "알림톡 (AlimTalk) informs and does not advertise, and no standard property is a consent to it",
            ),
            _ if says(INFORMATIONAL_KAKAO) => Self::known(
                "df_kakao_ads_optin",
                Some(
                    "df_kakao_ads_optin is for advertising, and 알림톡 (AlimTalk) informs: apply it only if the consent \
                     covers advertising",
                ),
            ),
            _ => Self::known("df_kakao_ads_optin", not_said),
        })
    }

    fn known(name: &str, doubt: Option<&'static str>) -> Self {
        let property = CONSENT_PROPERTIES.iter().find(|property| property.name == name);
        property.map_or(Self::None("there is no standard property for it"), |property| {
            Self::Known(property, doubt)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_channel_that_is_said_is_proposed() {
        for (word, name, is_sure) in [
            ("광고수신동의문자", "df_sms_ads_optin", true),
            ("광고수신동의smslms", "df_sms_ads_optin", true),
            ("광고수신동의카카오", "df_kakao_ads_optin", true),
            ("마케팅수신동의친구톡브랜드메시지", "df_kakao_ads_optin", true),
            ("광고수신동의카카오알림톡", "df_kakao_ads_optin", false),
            ("광고수신동의앱푸시", "df_push_ads_optin", true),
            ("야간광고수신동의푸시", "df_push_night_ads_optin", true),
            ("문자수신동의", "df_sms_ads_optin", false),
            ("푸시수신동의", "df_push_ads_optin", false),
        ] {
            let Some(Consent::Known(property, doubt)) = Consent::of(word) else {
                panic!("{word}")
            };
            assert_eq!((property.name, doubt.is_none()), (name, is_sure), "{word}");
        }
        for (word, part) in [
            ("마케팅수신동의", "which channel"),
            ("광고수신동의", "which channel"),
            ("수신동의", "which channel"),
            ("광고수신", "which channel"),
            ("광고수신동의이메일", "e-mail"),
            ("광고수신동의알림톡", "does not advertise"),
            ("야간광고수신동의", "which channel"),
            ("야간광고수신동의문자", "only for push"),
            ("광고수신동의문자이메일", "several channels"),
            ("마케팅목적개인정보수집이용동의", "personal data"),
        ] {
            let Some(Consent::None(reason)) = Consent::of(word) else {
                panic!("{word}")
            };
            assert!(reason.contains(part), "{word}: {reason}");
        }
        for word in ["개인정보수집이용동의", "이용약관동의", "수신자명", "문자", "발송일"] {
            assert!(!matches!(Consent::of(word), Some(Consent::Known(..))), "{word}");
        }
    }
}
